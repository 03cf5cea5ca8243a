// Owns: the processes of the cluster under test: one Redis, some nodes on one port, a fault proxy between them.
// Must never: reach a Redis or a node that it has not started.
// Runs on: the main thread.
import Foundation
import Glibc
import TestSupport

/// A private cluster on the loopback.
final class Cluster {
  /// The port that the nodes share.
  let port: Int
  let proxy: FaultProxy
  private let program: String
  private let folder: TestFolder
  private let redisPort: Int
  private var redis: ChildProcess?
  private var isRedisStopped = false
  private var nodes: [ChildProcess?]
  /// Nodes that we have killed and not started again yet.
  private var killed: Set<Int> = []

  /// Starts everything and waits until all nodes serve.
  init(program: String, nodes count: Int, accounts: [String], sabotage: Sabotage?) throws {
    self.program = program
    folder = try TestFolder()
    port = try TCPSocket.freePort()
    redisPort = try TCPSocket.freePort()
    proxy = try FaultProxy(nodes: count, redisPort: redisPort, sabotage: sabotage)
    nodes = Array(repeating: nil, count: count)
    do {
      try startRedis()
      try wait("redis-server does not answer", log: "redis.log") { (try? self.command("PING")) == "+PONG" }
      try importAccounts(accounts)
      for node in nodes.indices { try startNode(node) }
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

  // MARK: Faults

  func killNode(_ node: Int) {
    guard let child = nodes[node] else { return }
    child.end()
    nodes[node] = nil
    killed.insert(node)
  }

  func signalNode(_ node: Int, _ number: Int32) { nodes[node]?.signal(number) }

  func killRedis() {
    redis?.end()
    redis = nil
    isRedisStopped = false
  }

  /// SIGSTOP or SIGCONT.
  func signalRedis(_ number: Int32) {
    isRedisStopped = number == SIGSTOP
    redis?.signal(number)
  }

  /// On its data, if it is not there.
  func startRedis() throws {
    guard redis == nil else { return }
    redis = try ChildProcess(
      [
        "redis-server", "--port", "\(redisPort)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "",
        "--appendonly", "yes", "--appendfsync", "always",
      ], output: "\(folder.path)/redis.log")
  }

  /// Starts again what was killed; answers what ended without our doing, in words.
  func mend() throws -> [String] {
    var crashes: [String] = []
    for node in nodes.indices {
      if let child = nodes[node], let reason = child.reap() {
        nodes[node] = nil
        killed.insert(node)
        crashes.append("node \(node) ended by itself: \(reason): \(lastLines(of: "node-\(node).log"))")
      }
      if killed.contains(node) { try startNode(node) }
    }
    if let child = redis, let reason = child.reap() {
      redis = nil
      crashes.append("Redis ended by itself: \(reason): \(lastLines(of: "redis.log"))")
      try startRedis()
    }
    return crashes
  }

  /// Sends an inline command to Redis itself, past the proxy, and answers the first line of the reply. Waits at most
  /// 300 ms: Redis may be dead or stopped.
  func command(_ line: String) throws -> String {
    // The faults of others must not wait for one that can't be done now.
    guard redis != nil, !isRedisStopped, let connection = LoopbackSocket.connect(port: redisPort) else {
      throw TestFailure("Redis is not there")
    }
    defer { close(connection) }
    var entry = pollfd(fd: connection, events: Int16(POLLOUT), revents: 0)
    poll(&entry, 1, 300)
    let bytes = Array("\(line)\r\n".utf8)
    guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw TestFailure("Redis is not there")
    }
    entry.events = Int16(POLLIN)
    poll(&entry, 1, 300)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(connection, &buffer, buffer.count, 0)
    guard count > 0 else { throw TestFailure("Redis does not answer") }
    return String(decoding: buffer[..<count], as: UTF8.self).components(separatedBy: "\r\n")[0]
  }

  /// Ends everything at once.
  func stop() {
    proxy.stop()
    for node in nodes.indices {
      nodes[node]?.end()
      nodes[node] = nil
    }
    killRedis()
  }

  // MARK: Starting

  private func startNode(_ node: Int) throws {
    killed.remove(node)
    nodes[node] = try ChildProcess(
      [
        program, "serve", "--port", "\(port)", "--node", "chaos-\(node)", "--threads", "2", "--log-level", "info",
        "--limits", "off", "--web-port", "0",
        // Small enough that senders meet it while a recipient is away.
        "--inbox-messages", "700", "--scrypt-log2n", "2",
        "--redis", "redis://127.0.0.1:\(proxy.ports[node])",
      ], output: "\(folder.path)/node-\(node).log")
  }

  /// Cheap hashes: the passwords are not what is tested.
  private func importAccounts(_ names: [String]) throws {
    let file = "\(folder.path)/accounts.csv"
    try names.map { "\($0),pw,Display \($0)\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    let child = try ChildProcess(
      [program, "account", "import", file, "--scrypt-log2n", "2", "--redis", "redis://127.0.0.1:\(redisPort)"],
      output: "\(folder.path)/import.log")
    var reason: String?
    try wait("the accounts can't be imported", log: "import.log") {
      reason = reason ?? child.reap()
      return reason != nil
    }
    guard reason == "exit status 0" else { throw TestFailure("account import: \(folder.text(of: "import.log"))") }
  }

  private func wait(_ what: String, log: String, _ condition: () -> Bool) throws {
    let end = FaultProxy.now() + 20_000
    while !condition() {
      guard FaultProxy.now() < end else { throw TestFailure("\(what): \(lastLines(of: log))") }
      usleep(20_000)
    }
  }

  private func lastLines(of log: String) -> String {
    folder.text(of: log).split(separator: "\n").suffix(3).joined(separator: " | ")
  }
}
