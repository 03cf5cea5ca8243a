// Owns: what clients behind a load balancer, and liars without one, meet.
// Must never: look into the nodes: it reads replies and Redis.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct ProxyTests {
  private func header(_ address: String) -> String { "PROXY TCP4 \(address) 127.0.0.1 40000 8889" }

  @Test func `the address that a trusted proxy names is the one that counts`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--trusted-proxies", "192.0.2.0/24,127.0.0.1"])
    func client(_ address: String) throws -> LineClient {
      let client = try node.connect()
      try client.send(header(address))
      return client
    }
    let guesser = try client("203.0.113.7")
    for _ in 0..<5 { #expect(try guesser.request("auth arini wrong").code == "auth_failed") }
    #expect(try client("203.0.113.7").request("auth arini pw").code == "too_many_attempts")
    let arini = try client("203.0.113.8")
    #expect(try arini.request("auth arini pw").isOK)
    #expect(try redis.cli("KEYS", "kabar:attempts:*") == "kabar:attempts:203.0.113.7")
    let session = try redis.cli("ZRANGE", "kabar:{u:arini}:sessions", "0", "0")
    #expect(try redis.cli("HGET", "kabar:session:\(session)", "address") == "203.0.113.8")
  }

  @Test func `a header in pieces, in binary form, and with the first command behind it`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--trusted-proxies", "127.0.0.0/8"])
    let client = try node.connect()
    for byte in (header("203.0.113.7") + "\r\n").utf8 { try client.socket.write([byte]) }
    #expect(try client.request("ping").isOK)
    let other = try node.connect()
    let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    let body: [UInt8] = [203, 0, 113, 9, 127, 0, 0, 1, 0x9C, 0x40, 0x22, 0xB9]
    try other.socket.write(signature + [0x21, 0x11, 0, 12] + body + Array("auth arini wrong\r\nping\r\n".utf8))
    #expect(try other.reply().code == "auth_failed")
    #expect(try other.reply().isOK)
    #expect(try redis.cli("HGET", "kabar:attempts:203.0.113.9", "arini") == "1 0")
  }

  @Test func `the next command confirms a page behind a proxy, too`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--trusted-proxies", "127.0.0.1"])
    let arini = try node.connect()
    try arini.send(header("203.0.113.7"))
    #expect(try arini.request("auth arini pw").isOK)
    #expect(try arini.request("send arini one").isOK)
    #expect(try arini.request("inbox").texts(from: "arini") == ["one"])
    #expect(try arini.request("ping").isOK)
    let isConfirmed = try await eventually(within: 5) { try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "1" }
    #expect(isConfirmed)
  }

  @Test func `a proxy that sends no header, or a broken one, is cut off`() async throws {
    let redis = try await RedisServer()
    let http = try TCPSocket.freePort()
    let node = try await ChatNode(
      "a", redis: redis, options: ["--trusted-proxies", "127.0.0.1", "--http-port", "\(http)"])
    func counted() throws -> Int { try Metrics(port: http)[#"limit_refusals_total{limit="proxy_header"}"#] }
    #expect(try counted() == 0)
    for line in ["ping", "PROXY TCP4 nobody 127.0.0.1 1 2", "PROXY UNKNOWN \(String(repeating: "x", count: 200))"] {
      let client = try node.connect()
      try client.send(line)
      #expect(try client.isClosedByServer(), "\(line)")
    }
    #expect(try counted() == 3)
    let silent = try node.connect()
    silent.socket.shutDownWriting()
    #expect(try silent.isClosedByServer())
    // Not from there: an ordinary client, and a header is a bad command.
    let liar = try LineClient(port: node.port, from: "127.0.0.2", node: node)
    #expect(try liar.request(header("203.0.113.7")).code == "unknown_command")
    #expect(try liar.request("auth nobody x").code == "auth_failed")
    #expect(try counted() == 3, "neither a proxy that looks whether somebody is there, nor a stranger")
    #expect(try redis.cli("KEYS", "kabar:attempts:*") == "kabar:attempts:127.0.0.2")
  }
}
