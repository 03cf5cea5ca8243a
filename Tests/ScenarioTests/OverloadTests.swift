// Owns: that a node with more to do than it can says so at once, and is over it when it is over.
// Must never: count as accepted what is not in the inbox.
// Runs on: swift-testing.
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct OverloadTests {
  /// Something that is done again and again on a thread of its own.
  private struct Load {
    private final class Switch: Sendable { let isOver = Atomic(false) }
    private let end = Switch()

    init(_ body: @escaping @Sendable () throws -> Void) {
      let thread = Thread { [end] in while !end.isOver.load(ordering: .relaxed) { try? body() } }
      thread.start()
    }

    func stop() { end.isOver.store(true, ordering: .relaxed) }
  }

  /// Keeps Redis busy for 150 ms.
  private static let busy = """
    local function now() local time = redis.call('TIME') return time[1] * 1000000 + time[2] end
    local start = now()
    while now() < start + 150000 do end
    """

  /// Keeps Redis busy without a pause: two clients take turns, and between them everybody else has one.
  private func keepBusy(_ redis: RedisServer) throws -> [Load] {
    let script = try redis.cli("SCRIPT", "LOAD", Self.busy)
    return try (0..<2).map { _ in
      nonisolated(unsafe) let socket = try TCPSocket(port: redis.port)
      return Load {
        try socket.write("EVALSHA \(script) 0\r\n".utf8)
        _ = try socket.read()
      }
    }
  }

  private func node(_ redis: RedisServer, shedAfter: Int, _ options: [String] = []) async throws -> ChatNode {
    try await ChatNode(
      "a", redis: redis, threads: 1, options: ["--limits", "off", "--shed-after", "\(shedAfter)"] + options)
  }

  @Test func `while Redis is slow all the time, sends are refused at once, and none that was accepted is lost`()
    async throws
  {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let http = try TCPSocket.freePort()
    let node = try await node(redis, shedAfter: 100, ["--http-port", "\(http)"])
    let lineker = try node.login("lineker")
    let loads = try keepBusy(redis)
    defer { for load in loads { load.stop() } }
    var accepted = 0
    let isRefused = try await eventually(within: 8) {
      let reply = try lineker.request("send arini halo")
      if reply.isOK { accepted += 1 }
      return reply.code == "slow_down" && reply.retryAfter ?? 0 > 0
    }
    #expect(isRefused)
    #expect(accepted > 0, "a single slow answer is no overload")
    #expect(try lineker.request("ping").isOK)
    for load in loads { load.stop() }
    let isOver = try await eventually(within: 2) { try lineker.request("send arini halo").isOK }
    #expect(isOver)
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "\(accepted + 2)")
    #expect(try Metrics(port: http)[#"limit_refusals_total{limit="overload"}"#] > 0)
  }

  @Test func `with --shed-after 0 they wait instead`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await node(redis, shedAfter: 0)
    let lineker = try node.login("lineker")
    let loads = try keepBusy(redis)
    defer { for load in loads { load.stop() } }
    let begin = ContinuousClock.now
    var slowest = Duration.zero
    while ContinuousClock.now < begin + .seconds(2) {
      let sent = ContinuousClock.now
      #expect(try lineker.request("send arini halo").isOK)
      slowest = max(slowest, ContinuousClock.now - sent)
    }
    #expect(slowest > .milliseconds(100), "Redis was not slow")
  }

  @Test func `clients that ask more than the node can do are refused, others are still answered`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker", "messi")
    let node = try await node(redis, shedAfter: 5)
    let messi = try node.login("messi")
    let token = try #require(try messi.request("auth messi pw")["tokenid"])
    let lines = Array(String(repeating: "send arini x\r\n", count: 250).utf8)
    let refused = Atomic(0)
    let clients = try (0..<24).map { _ in try node.connect() }
    for client in clients { #expect(try client.request("resume \(token)").isOK) }
    let floods = clients.map { client in
      nonisolated(unsafe) let socket = client.socket
      return Load {
        try socket.write(lines)
        var (lineEnds, text) = (0, [UInt8]())
        while lineEnds < 2 * 250 {
          let part = try socket.read()
          if part.isEmpty { throw TestFailure("closed") }
          text += part
          lineEnds += part.count { $0 == UInt8(ascii: "\n") }
        }
        refused.add(
          String(decoding: text, as: UTF8.self).components(separatedBy: "slow_down").count - 1, ordering: .relaxed)
      }
    }
    defer { for flood in floods { flood.stop() } }
    let isRefused = await eventually(within: 10) { refused.load(ordering: .relaxed) > 1000 }
    #expect(isRefused)
    #expect(try messi.request("ping").isOK)
    for flood in floods { flood.stop() }
    let isOver = try await eventually(within: 2) { try messi.request("send lineker halo").isOK }
    #expect(isOver)
  }
}
