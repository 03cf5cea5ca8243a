// Owns: a private cluster: one Redis, some nodes on one port, plain and TLS.
// Must never: reach a Redis or a node that it has not started.
// Runs on: the main thread.
import Foundation
import Glibc
import TestSupport

/// How it is started.
struct ClusterSettings: Sendable {
  /// The `kabar` program.
  var program: String
  var nodes: Int
  /// Event loops of each node.
  var threads: Int
  /// What a password hash costs.
  var scryptLog2N: Int
  /// More words for `kabar serve`.
  var options: [String]
}

/// Its processes end with this object, or with this program, however that ends.
final class Cluster {
  private let settings: ClusterSettings
  private let folder: TestFolder
  private let certificates: Certificates
  private let pair: Certificates.Pair
  private let port: Int
  private let tlsPort: Int
  private let redisPort: Int
  private var redis: ChildProcess?
  private var nodes: [ChildProcess?] = []

  /// Starts everything and waits until all nodes serve.
  init(_ settings: ClusterSettings, _ accounts: Accounts) throws {
    self.settings = settings
    folder = try TestFolder()
    certificates = try Certificates()
    pair = try certificates.issue("node")
    port = try TCPSocket.freePort()
    tlsPort = try TCPSocket.freePort()
    redisPort = try TCPSocket.freePort()
    do {
      try startRedis()
      try importAccounts(accounts)
      for node in 0..<settings.nodes { nodes.append(try start(node)) }
      for node in nodes.indices {
        try wait("node \(node) does not serve", log: "node-\(node).log") {
          self.folder.text(of: "node-\(node).log").contains("ready")
        }
      }
    } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  var target: Target {
    Target(
      plain: Endpoint(loopback: port), tls: Endpoint(loopback: tlsPort), nodes: nodes.compactMap { $0?.pid },
      uncrowded: settings.nodes * Target.crowd,
      hashesAtOnce: settings.nodes * settings.threads,
      hashKiB: settings.nodes * settings.threads << settings.scryptLog2N, redisPort: redisPort)
  }

  /// What has ended by itself since the last question.
  func crashes() -> [String] {
    var found: [String] = []
    for node in nodes.indices {
      guard let child = nodes[node], let reason = child.reap() else { continue }
      nodes[node] = nil
      found.append("node \(node) ended: \(reason): \(lastLines(of: "node-\(node).log"))")
    }
    if let child = redis, let reason = child.reap() {
      redis = nil
      found.append("Redis ended: \(reason): \(lastLines(of: "redis.log"))")
    }
    return found
  }

  /// Logs in which a secret stands.
  func leaks(of secrets: [String]) -> [String] {
    nodes.indices.flatMap { node -> [String] in
      let log = folder.text(of: "node-\(node).log")
      return secrets.contains { log.contains($0) }
        ? ["the log of node \(node) holds a password, a token or a message"] : []
    }
  }

  func stop() {
    for node in nodes.indices {
      nodes[node]?.end()
      nodes[node] = nil
    }
    redis?.end()
    redis = nil
  }

  // MARK: Starting

  private func startRedis() throws {
    redis = try ChildProcess(
      [
        "redis-server", "--port", "\(redisPort)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "",
        "--appendonly", "yes", "--appendfsync", "everysec",
      ], output: "\(folder.path)/redis.log")
    try wait("redis-server does not answer", log: "redis.log") {
      guard let socket = try? TCPSocket(port: self.redisPort) else { return false }
      try? socket.write("PING\r\n".utf8)
      return (try? socket.read())?.starts(with: "+PONG".utf8) ?? false
    }
  }

  private func start(_ node: Int) throws -> ChildProcess {
    try ChildProcess(
      [
        settings.program, "serve", "--port", "\(port)", "--node", "attacked-\(node)", "--threads",
        "\(settings.threads)", "--log-level", "debug", "--scrypt-log2n", "\(settings.scryptLog2N)",
        "--web-port", "0", "--tls-port", "\(tlsPort)", "--tls-cert", pair.certificate, "--tls-key", pair.key,
        "--redis", "redis://127.0.0.1:\(redisPort)",
      ] + settings.options, output: "\(folder.path)/node-\(node).log")
  }

  private func importAccounts(_ accounts: Accounts) throws {
    let child = try accounts.importCommand(
      settings.program, redis: "redis://127.0.0.1:\(redisPort)", scryptLog2N: settings.scryptLog2N, in: folder)
    try wait("the accounts can't be imported", log: "import.log", child)
  }

  private func wait(_ what: String, log: String, _ condition: () -> Bool) throws {
    let end = Moment.now() + 30_000_000_000
    while !condition() {
      guard Moment.now() < end else { throw TestFailure("\(what): \(lastLines(of: log))") }
      usleep(20_000)
    }
  }

  private func wait(_ what: String, log: String, _ child: ChildProcess) throws {
    var reason: String?
    try wait(what, log: log) {
      reason = reason ?? child.reap()
      return reason != nil
    }
    guard reason == "exit status 0" else { throw TestFailure("\(what): \(lastLines(of: log))") }
  }

  private func lastLines(of log: String) -> String {
    folder.text(of: log).split(separator: "\n").suffix(3).joined(separator: " | ")
  }
}

extension Accounts {
  /// `kabar account import` for all of them, started; what it prints goes to `import.log`.
  func importCommand(
    _ program: String, redis: String, scryptLog2N: Int, in folder: TestFolder
  ) throws -> ChildProcess {
    let file = "\(folder.path)/accounts.csv"
    try all.map { "\($0),\(password),Display \($0)\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    return try ChildProcess(
      [program, "account", "import", file, "--scrypt-log2n", "\(scryptLog2N)", "--redis", redis],
      output: "\(folder.path)/import.log")
  }
}
