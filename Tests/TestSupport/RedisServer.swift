// Owns: a real redis-server of one test, with an append-only file that survives SIGKILL (written before each reply; that
// it reaches the disk matters only when the power fails).
// Must never: be replaced by a fake: atomicity lives in Redis.
// Runs on: any thread; one test owns it.
import Foundation
import Synchronization

/// A redis-server on a free port of 127.0.0.1.
public final class RedisServer: Sendable {
  /// Its port, the same after a restart.
  public let port: Int
  private let folder: TestFolder
  private let options: [String]
  private let process: Mutex<TestProcess?>

  /// Starts it and waits until it answers. A missing redis-server is a failure of the test, not a reason to skip it.
  public convenience init(_ options: String...) async throws { try await self.init(options) }

  /// The same.
  public init(_ options: [String]) async throws {
    port = try TCPSocket.freePort()
    folder = try TestFolder()
    self.options = options
    process = Mutex(nil)
    try await start()
  }

  /// `redis://127.0.0.1:PORT`
  public var url: String { "redis://127.0.0.1:\(port)" }

  /// The process id.
  public var pid: Int32 { process.withLock { $0?.pid ?? 0 } }

  /// Starts it (again, on the same data).
  public func start() async throws {
    let started = try TestProcess(
      "redis-server",
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly", "yes",
        "--appendfsync", "no",
      ] + options, output: "\(folder.path)/redis.out")
    process.withLock { $0 = started }
    // NOAUTH: it serves, and wants to know who asks.
    let isUp = await eventually {
      ["+PONG", "-NOAUTH"].contains { (try? self.command("PING"))?.hasPrefix($0) == true }
    }
    guard isUp else { throw TestFailure("redis-server does not answer: \(started.text)") }
  }

  /// SIGKILL.
  public func kill() { process.withLock { $0?.kill() } }

  /// Sends a signal, SIGSTOP for one.
  public func signal(_ number: Int32) { process.withLock { $0?.signal(number) } }

  /// Runs `redis-cli` with these words, as an operator would, and answers what it prints.
  public func cli(_ words: String...) throws -> String { try cli(words) }

  /// The same.
  public func cli(_ words: [String]) throws -> String {
    let client = try TestProcess(
      "redis-cli", ["-p", "\(port)"] + words, output: "\(folder.path)/cli-\(UUID().uuidString)")
    client.waitUntilExit()
    return client.text.trimmingCharacters(in: .newlines)
  }

  /// How many connections it has accepted since it started, the one that asks among them.
  public func connectionsReceived(password: String? = nil) throws -> Int {
    let login = password.map { ["-a", $0, "--no-auth-warning"] } ?? []
    let stats = try cli(login + ["INFO", "stats"])
    let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_connections_received:") }
    guard let count = line?.split(separator: ":").last.flatMap({ Int($0) }) else {
      throw TestFailure("no count of connections: \(stats)")
    }
    return count
  }

  /// A `redis-cli` that prints what is published on a channel from now on, as an operator would see it.
  public func subscriber(to channel: String) async throws -> TestProcess {
    let listener = try TestProcess(
      "redis-cli", ["-p", "\(port)", "SUBSCRIBE", channel], output: "\(folder.path)/heard-\(UUID().uuidString)")
    let listens = await eventually { listener.text.contains("subscribe") }
    guard listens else { throw TestFailure("redis-cli does not subscribe: \(listener.text)") }
    return listener
  }

  /// Sends an inline command and answers the first line of the reply.
  public func command(_ line: String) throws -> String {
    let client = try TCPSocket(port: port)
    defer { client.close() }
    try client.write((line + "\r\n").utf8)
    let reply = String(decoding: try client.read(), as: UTF8.self)
    return reply.components(separatedBy: "\r\n").first ?? ""
  }
}
