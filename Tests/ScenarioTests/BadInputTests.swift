// Owns: what a node answers to lines that are no valid request.
// Must never: accept silence: each line gets one ERROR reply, and the connection goes on unless the code says that it closes.
// Runs on: swift-testing.
import TestSupport
import Testing

@Suite(.serialized) struct BadInputTests {
  static let lines: [(String, [UInt8], code: String)] = [
    ("unknown command", Array("hello there".utf8), "unknown_command"),
    ("a command's beginning", Array("sen arini x".utf8), "unknown_command"),
    ("auth alone", Array("auth".utf8), "missing_argument"),
    ("auth without password", Array("auth arini ".utf8), "missing_argument"),
    ("auth with a name outside the grammar", Array("auth ../../etc pw".utf8), "auth_failed"),
    ("auth with a wrong password", Array("auth arini wrong".utf8), "auth_failed"),
    ("auth of nobody", Array("auth nobody pw".utf8), "auth_failed"),
    ("send before login", Array("send arini hi".utf8), "not_logged_in"),
    ("inbox before login", Array("inbox ".utf8), "not_logged_in"),
    ("send without text", Array("send arini  ".utf8), "missing_argument"),
    ("send to a name outside the grammar", Array("send .arini hi".utf8), "invalid_name"),
    ("send to a name of 33", Array("send \(String(repeating: "a", count: 33)) hi".utf8), "invalid_name"),
    ("a token of no session", Array("inbox 0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11".utf8), "invalid_session"),
    ("a token that is none", Array("inbox secret".utf8), "invalid_session"),
    ("too many words", Array("ping pong".utf8), "unexpected_argument"),
    ("a text over 4 KiB", Array("send arini ".utf8) + Array(repeating: 0x61, count: 4097), "text_too_long"),
    ("broken UTF-8", Array("send arini ".utf8) + [0xC3, 0x28], "invalid_utf8"),
    ("a surrogate in UTF-8", Array("send arini ".utf8) + [0xED, 0xA0, 0x80], "invalid_utf8"),
    ("a NUL", Array("send arini a\u{0}b".utf8), "control_character"),
    ("an escape sequence", Array("send arini \u{1B}[2J".utf8), "control_character"),
    ("a lone CR", Array("send arini a\rb".utf8), "control_character"),
    ("a C1 control", Array("send arini a\u{85}b".utf8), "control_character"),
  ]

  @Test func `every bad line gets its code, and the connection goes on`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    for (what, line, code) in Self.lines {
      try client.socket.write(line + [13, 10])
      let reply = try client.reply()
      #expect(reply.code == code, "\(what): \(reply)")
      #expect(reply["status"] == "ERROR" && reply["message"]?.isEmpty == false, "\(what)")
      #expect(try client.request("ping").isOK, "\(what)")
    }
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "1")
  }

  @Test func `the same lines all at once are answered in their order`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    try client.socket.write(Self.lines.flatMap { $0.1 + [10] })
    for (what, _, code) in Self.lines { #expect(try client.reply().code == code, "\(what)") }
  }

  @Test func `an unknown recipient is refused and nothing is stored`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let client = try node.login("arini")
    #expect(try client.request("send nobody hello").code == "unknown_user")
    #expect(try redis.command("EXISTS kabar:{u:nobody}:inbox") == ":0")
  }

  @Test func `an empty line is ignored`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    try client.socket.write("\r\n\n   \r\nping\n".utf8)
    #expect(try client.reply()["message"] == "pong")
  }

  @Test(arguments: [true, false])
  func `a line over 8 KiB is refused and the connection closes`(withEnd: Bool) async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    // 100 KiB without a line end, and the answer still arrives: no reset overtakes it.
    try client.socket.write(Array(repeating: 0x61, count: withEnd ? 8193 : 100_000) + (withEnd ? [10] : []))
    #expect(try client.reply().code == "line_too_long")
    #expect(try client.isClosedByServer())
  }

  @Test func `a line of exactly 8 KiB is read`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    try client.socket.write("ping".utf8 + Array(repeating: 0x20, count: 8188) + [13, 10])
    #expect(try client.reply()["message"] == "pong")
  }

  @Test func `a request that comes byte by byte is understood`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    for byte in "auth arini pw\r\nsend arini byte by byte\r\n".utf8 { try client.socket.write([byte]) }
    #expect(try client.reply().isOK)
    #expect(try client.reply().isOK)
    #expect(try client.request("inbox").texts(from: "arini") == ["byte by byte"])
  }
}
