// Owns: what one cluster consists of, the bounds of that, and the command line of its nodes.
// Must never: touch a file, a socket or a process.
// Runs on: any thread (a value).

/// One cluster on this machine, as the command line asked for it.
package struct ClusterPlan: Sendable {
  /// Where the cluster's state lives.
  package enum Store: Sendable, Equatable {
    /// A redis-server of our own, with its data in the folder `data`; on `port`, or on the first free one from 6390.
    case own(data: String, port: Int?, durability: Durability = .everysec)
    /// A Redis that somebody else runs.
    /// `url` may hold a password and is never shown; `inspectCommand` is the redis-cli line that looks inside.
    case existing(url: String, inspectCommand: String)
  }

  /// Where the nodes serve TLS.
  package struct TLS: Sendable, Equatable {
    /// The TCP port that all nodes share, 1…65535.
    package var port: Int
    /// The files with the certificate and its key.
    package var certificate: String
    package var key: String
    /// Nothing else is served.
    package var isOnly: Bool

    package init(port: Int, certificate: String, key: String, isOnly: Bool) {
      (self.port, self.certificate, self.key, self.isOnly) = (port, certificate, key, isOnly)
    }
  }

  /// How many node processes, 1…64.
  package var nodes: Int
  /// The address that the nodes listen on: a name or a numeric address of this machine.
  package var host: String
  /// The TCP port that all nodes share, 1…65535.
  package var port: Int
  /// Where the nodes serve TLS; nil for nowhere.
  package var tls: TLS?
  /// The port of the page, which all nodes share: the first of these that is free, 1…65535; nil for none.
  package var webPorts: ClosedRange<Int>?
  /// The one that was free. Nobody but the supervisor sets it.
  var webPort: Int?
  /// From which port on each node gets one of its own for /livez, /readyz and /metrics; nil for none.
  package var firstHTTPPort: Int?
  /// The ports that were free, node by node. Nobody but the supervisor sets them.
  var httpPorts: [Int] = []
  /// Variables of the nodes that differ from our own; nil takes one away.
  package var nodeEnvironment: [String: String?] = [:]
  /// The event loops of each node; nil leaves it to the node.
  package var threads: Int?
  /// What the operator should know about this machine; nil for nothing.
  package var advice: String?
  /// Seconds that a node which is restarted gives its clients to go to another one.
  package var drainTime = 10
  /// Where the state lives.
  package var store: Store
  /// The program that runs as a node; it gets `serve` and its options.
  package var nodeProgram: String
  /// The program whose `exec-child` subcommand ties a child's life to ours.
  package var launcher: String
  /// What the table says about the demo accounts, each entry "NAME PASSWORD".
  package var demoAccounts: [String]

  /// A plan; see the properties for units and bounds. Nothing is checked before `validate()`.
  package init(
    nodes: Int, host: String, port: Int, threads: Int?, store: Store, nodeProgram: String, launcher: String,
    demoAccounts: [String]
  ) {
    self.nodes = nodes
    self.host = host
    self.port = port
    self.threads = threads
    self.store = store
    self.nodeProgram = nodeProgram
    self.launcher = launcher
    self.demoAccounts = demoAccounts
  }

  /// How many event loops each of so many nodes has where nothing else is asked: together no more than there are cores, beside
  /// one for a Redis on the same machine. Each loop writes to Redis by itself, so more of them make smaller batches and nothing
  /// else.
  package static func usualThreads(nodes: Int, cores: Int, besideRedis: Bool) -> Int {
    max(1, (cores - (besideRedis ? 1 : 0)) / max(1, nodes))
  }

  /// - Throws: `SupervisorError` naming the option that is out of bounds.
  package func validate() throws(SupervisorError) {
    guard (1...64).contains(nodes) else { throw SupervisorError("--nodes must be between 1 and 64, not \(nodes)") }
    try Self.check(port, option: "--port")
    if let tls { try Self.check(tls.port, option: "--tls-port") }
    if let webPorts { try Self.check(webPorts.upperBound, option: "--web-port") }
    if let firstHTTPPort { try Self.check(firstHTTPPort, option: "--http-port") }
    if let threads, !(1...1024).contains(threads) {
      throw SupervisorError("--threads must be between 1 and 1024, not \(threads)")
    }
    switch store {
    case .own(_, let port?, _): try Self.check(port, option: "--redis-port")
    case .own, .existing: break
    }
  }

  /// What follows the program's name on the command line of node `number` (1…). The Redis is not in it: a command line
  /// is there for everybody to read, so it goes by the environment (`KABAR_REDIS`).
  package func nodeArguments(_ number: Int) -> [String] {
    var arguments = ["serve", "--supervised", "--host", host, "--port", "\(port)", "--node", "n\(number)"]
    arguments += ["--drain-time", "\(drainTime)"]
    if let threads { arguments += ["--threads", "\(threads)"] }
    if let tls {
      arguments += ["--tls-port", "\(tls.port)", "--tls-cert", tls.certificate, "--tls-key", tls.key]
      if tls.isOnly { arguments.append("--no-plaintext") }
    }
    arguments += ["--web-port", "\(webPort ?? 0)"]
    arguments += ["--http-port", "\(httpPorts.indices.contains(number - 1) ? httpPorts[number - 1] : 0)"]
    return arguments
  }

  private static func check(_ port: Int, option: String) throws(SupervisorError) {
    guard (1...65535).contains(port) else {
      throw SupervisorError("\(option) must be between 1 and 65535, not \(port)")
    }
  }
}
