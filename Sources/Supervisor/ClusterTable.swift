// Owns: what `kabar up` prints once the cluster serves.
// Must never: change its two promises: `redis-cli -p PORT` (own Redis) comes first of its kind, and the last line
// begins with "ready". Scripts read both.
// Runs on: any thread (a value).

/// The table of a cluster that serves.
package struct ClusterTable: Sendable {
  /// What was asked for.
  package let plan: ClusterPlan
  /// Name and process id of each child, in the order of printing.
  package let processes: [(name: String, pid: Int32)]
  /// The process that keeps them alive.
  package let supervisor: Int32
  /// The port of the cluster's own Redis; nil if somebody else runs Redis.
  package let redisPort: Int?
  /// The data folder of the cluster's own Redis.
  package let dataFolder: String?
  /// Whether the demo accounts were put into this data.
  package let hasDemoAccounts: Bool

  /// A table; see the properties.
  package init(
    plan: ClusterPlan, processes: [(name: String, pid: Int32)], supervisor: Int32, redisPort: Int?, dataFolder: String?,
    hasDemoAccounts: Bool
  ) {
    self.plan = plan
    self.processes = processes
    self.supervisor = supervisor
    self.redisPort = redisPort
    self.dataFolder = dataFolder
    self.hasDemoAccounts = hasDemoAccounts
  }

  /// All lines; the last one begins with "ready".
  package var text: String {
    var lines = processes.map { row($0.name, "pid \($0.pid)") }
    if let dataFolder { lines.append(row("data", dataFolder)) }
    let host = reachableHost
    lines.append("")
    let chat = "\(plan.launcher) chat" + (host == "127.0.0.1" ? "" : " --host \(host)")
    if plan.tls?.isOnly != true {
      lines.append(row("talk", "nc \(host) \(plan.port)"))
      lines.append(row("", "\(chat) --port \(plan.port)"))
    }
    if let port = plan.webPort {
      let scheme = plan.tls == nil ? "http" : "https"
      lines.append(row("page", "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)/"))
    }
    if let tls = plan.tls { lines.append(row("talk by TLS", "\(chat) --tls --port \(tls.port)")) }
    lines.append(row("look inside", inspectCommand))
    if let redisPort { lines.append(row("check", "\(plan.launcher) check --redis redis://127.0.0.1:\(redisPort)")) }
    if let first = plan.httpPorts.first {
      let others = plan.httpPorts.dropFirst().map { ", \($0)" }.joined()
      lines.append(
        row("metrics", "curl http://127.0.0.1:\(first)/metrics" + (others.isEmpty ? "" : "; ports \(first)\(others)")))
    }
    if plan.nodes > 1 {
      lines.append(row("restart", "kill -HUP \(supervisor)   (node after node, without an interruption)"))
    }
    if let advice = plan.advice { lines.append(row("", "(\(advice))")) }
    if hasDemoAccounts, !plan.demoAccounts.isEmpty {
      lines.append("")
      for (index, account) in plan.demoAccounts.enumerated() {
        lines.append(row(index == 0 ? "demo accounts" : "", account))
      }
      lines.append(row("", "(as they were made with the data, name and password)"))
      if !isLoopback {
        lines.append(row("", "WARNING: whoever reaches this machine can log in with them; see --no-demo-accounts"))
      }
    }
    lines.append("")
    let nodes = plan.nodes == 1 ? "1 node serves" : "\(plan.nodes) nodes serve"
    let plain = plan.tls?.isOnly == true ? [] : ["port \(plan.port)"]
    let ports = (plain + (plan.tls.map { ["TLS port \($0.port)"] } ?? [])).joined(separator: " and ")
    lines.append("ready: \(nodes) \(plan.host) \(ports); Ctrl-C stops them")
    return lines.joined(separator: "\n")
  }

  private var isLoopback: Bool { plan.host == "localhost" || plan.host == "::1" || plan.host.hasPrefix("127.") }

  /// A listener on every address is reached on the loopback one.
  private var reachableHost: String {
    switch plan.host {
    case "0.0.0.0", "*": "127.0.0.1"
    case "::": "::1"
    default: plan.host
    }
  }

  private var inspectCommand: String {
    if let redisPort { return "redis-cli -p \(redisPort)" }
    guard case .existing(_, let command) = plan.store else { return "redis-cli" }
    return command
  }

  private func row(_ name: String, _ value: String) -> String {
    "  " + name + String(repeating: " ", count: max(1, 15 - name.count)) + value
  }
}
