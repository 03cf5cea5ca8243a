// Owns: listeners that don't read: what it costs the node, what they lose (nothing), and when they are closed.
// Must never: send more than a bounded load.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct SlowConsumerTests {
  private static let text = String(repeating: "x", count: 4000)

  private func node(_ options: [String]) async throws -> (RedisServer, ChatNode) {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    return (redis, try await ChatNode("a", redis: redis, options: options + ["--limits", "off"]))
  }

  private func listener(at node: ChatNode) throws -> LineClient {
    let client = try node.login("arini")
    guard try client.request("listen").isOK else { throw TestFailure("no listening") }
    return client
  }

  @Test func `listeners that don't read cost a bounded amount of memory, and get everything when they read`()
    async throws
  {
    let (redis, node) = try await node(["--push-window", "5000"])
    // 20 × 3,000 × 4 KB would be 240 MB in the node.
    let listeners = try (0..<20).map { _ in try listener(at: node) }
    let lineker = try node.login("lineker")
    let before = try node.residentKiB()
    for _ in 0..<6 {
      try lineker.socket.write(String(repeating: "send arini \(Self.text)\r\n", count: 500).utf8)
      for _ in 0..<500 { #expect(try lineker.reply().isOK) }
    }
    let grown = try node.residentKiB() - before
    #expect(grown < 60_000, "grew by \(grown) KiB")
    // The session's other connections are not held up, and nothing of it was lost.
    for client in [listeners[0], listeners[19]] {
      var next = 0
      while next < 3000 {
        let event = try client.reply()
        guard event.event == "message", event.sequence == next + 1 else { throw TestFailure("\(next): \(event)") }
        next += 1
      }
    }
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "3001")
  }

  @Test func `a listener that asks on and never reads is closed, and told why`() async throws {
    let (redis, node) = try await node(["--slow-consumer-timeout", "1000"])
    let arini = try listener(at: node)
    let lineker = try node.login("lineker")
    // Its own requests fill what the kernel takes; then they wait, and the patience begins.
    let burst = Array(String(repeating: "help\r\n", count: 10_000).utf8)
    let isClosed = try await eventually(within: 20) {
      _ = try arini.socket.writeWhatFits(burst)
      return node.log.contains("closing a slow consumer")
    }
    #expect(isClosed)
    #expect(try lineker.request("send arini after").isOK)
    var last: Reply?
    while let reply = try? arini.reply() {
      last = reply
    }
    #expect(last?.event == "closing" && last?.code == "slow_consumer")
    let again = try listener(at: node)
    #expect(try again.reply()["msg"] == "after")
    #expect(try redis.cli("PING") == "PONG")
  }

  @Test func `a listener that reads nothing and asks nothing stays`() async throws {
    let (_, node) = try await node([
      "--slow-consumer-timeout", "500", "--push-window", "5000", "--request-timeout", "30000",
    ])
    let arini = try listener(at: node)
    let lineker = try node.login("lineker")
    try lineker.socket.write(String(repeating: "send arini \(Self.text)\r\n", count: 2500).utf8)
    for _ in 0..<2500 { #expect(try lineker.reply().isOK) }
    try await Task.sleep(for: .seconds(2))
    for sequence in 1...2500 { #expect(try arini.reply().sequence == sequence) }
    #expect(try arini.request("ack 2500").isOK)
  }
}
