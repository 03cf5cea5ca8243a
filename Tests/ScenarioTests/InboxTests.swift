// Owns: when a message leaves an inbox, seen from outside.
// Must never: take a reply for a confirmation: the client must have shown that it has it.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct InboxTests {
  /// A node, with messages from lineker waiting for arini.
  private func waiting(_ texts: [String]) async throws -> (RedisServer, ChatNode) {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis, options: ["--limits", "off"])
    let lineker = try node.login("lineker")
    for text in texts { #expect(try lineker.request("send arini \(text)").isOK) }
    try lineker.quit()
    return (redis, node)
  }

  private func left(_ redis: RedisServer) throws -> Int {
    // Element 0 is the count of confirmed messages.
    try (Int(redis.cli("LLEN", "kabar:{u:arini}:inbox")) ?? 0) - 1
  }

  @Test func `a reset after reading confirms nothing: the messages come again`() async throws {
    let (redis, node) = try await waiting(["one", "two"])
    let first = try node.login("arini")
    #expect(try first.request("inbox").texts(from: "lineker") == ["one", "two"])
    first.socket.reset()
    let second = try node.login("arini")
    #expect(try second.request("inbox").texts(from: "lineker") == ["one", "two"])
    #expect(try left(redis) == 2)
  }

  @Test func `a node that is killed after the reply confirms nothing`() async throws {
    let (redis, node) = try await waiting(["one"])
    let arini = try node.login("arini")
    defer { arini.socket.close() }  // it stays open until the node is dead: an end in order would confirm
    #expect(try arini.request("inbox").texts(from: "lineker") == ["one"])
    node.process.kill()
    #expect(try left(redis) == 1)
    let other = try await ChatNode("b", redis: redis)
    #expect(try other.login("arini").request("inbox").texts(from: "lineker") == ["one"])
  }

  @Test(arguments: ["ping", "send nobody x", "inbox"])
  func `the next command confirms, whatever it is`(next: String) async throws {
    let (redis, node) = try await waiting(["one"])
    let arini = try node.login("arini")
    #expect(try arini.request("inbox").texts(from: "lineker") == ["one"])
    _ = try arini.request(next)
    let confirmed = await eventually { (try? left(redis)) == 0 }
    #expect(confirmed)
  }

  @Test(arguments: ["nonsense", "ack x"])
  func `what is no command confirms nothing`(line: String) async throws {
    let (redis, node) = try await waiting(["one"])
    let arini = try node.login("arini")
    #expect(try arini.request("inbox").texts(from: "lineker") == ["one"])
    #expect(try arini.request(line).isOK == false)
    arini.socket.reset()
    try await Task.sleep(for: .milliseconds(200))
    #expect(try left(redis) == 1)
  }

  @Test func `a command that was pipelined behind inbox confirms nothing`() async throws {
    let (redis, node) = try await waiting(["one"])
    let arini = try node.connect()
    try arini.socket.write("auth arini pw\r\ninbox\r\ninbox\r\nping\r\n".utf8)
    #expect(try arini.reply().isOK)
    #expect(try arini.reply().texts(from: "lineker") == ["one"])
    #expect(try arini.reply().texts(from: "lineker") == ["one"])
    #expect(try arini.reply().isOK)
    arini.socket.reset()
    try await Task.sleep(for: .milliseconds(200))
    #expect(try left(redis) == 1)
  }

  @Test(arguments: ["quit", "FIN"])
  func `an orderly end confirms`(how: String) async throws {
    let (redis, node) = try await waiting(["one", "two"])
    let arini = try node.login("arini")
    #expect(try arini.request("inbox").texts(from: "lineker") == ["one", "two"])
    if how == "quit" { try arini.quit() } else { arini.socket.close() }
    let confirmed = await eventually { (try? left(redis)) == 0 }
    #expect(confirmed)
    #expect(try redis.cli("LINDEX", "kabar:{u:arini}:inbox", "0") == "2")
  }

  @Test func `commands before FIN are all answered`() async throws {
    let (_, node) = try await waiting(["one"])
    let arini = try node.connect()
    try arini.socket.write("auth arini pw\r\ninbox\r\nping\r\n".utf8)
    arini.socket.shutDownWriting()
    #expect(try arini.reply().isOK)
    #expect(try arini.reply().texts(from: "lineker") == ["one"])
    #expect(try arini.reply()["message"] == "pong")
    #expect(try arini.isClosedByServer())
  }

  @Test func `a long inbox comes in pages, in order, each message once`() async throws {
    let texts = (1...1203).map { "message \($0)" }
    let (redis, node) = try await waiting([])
    let lineker = try node.login("lineker")
    try lineker.socket.write(texts.map { "send arini \($0)\r\n" }.joined().utf8)
    for _ in texts { #expect(try lineker.reply().isOK) }
    let arini = try node.login("arini")
    var received: [String] = []
    var pages: [Int] = []
    var hasMore = true
    while hasMore {
      let page = try arini.request("inbox")
      hasMore = page.hasMore
      pages.append(page.texts(from: "lineker").count)
      received += page.texts(from: "lineker")
    }
    #expect(received == texts)
    #expect(pages == [500, 500, 203])
    try arini.quit()
    #expect(await eventually { (try? left(redis)) == 0 })
    #expect(try redis.cli("LINDEX", "kabar:{u:arini}:inbox", "0") == "1203")
  }

  @Test func `messages of several senders are grouped by sender, oldest first`() async throws {
    let (redis, node) = try await waiting(["first"])
    try await redis.addAccounts("messi")
    #expect(try node.login("messi").request("send arini second").isOK)
    #expect(try node.login("lineker").request("send arini third").isOK)
    let reply = try node.login("arini").request("inbox")
    #expect(reply.texts(from: "lineker") == ["first", "third"])
    #expect(reply.texts(from: "messi") == ["second"])
    let lineker = try #require(reply.description.range(of: "\"lineker\":["))
    let messi = try #require(reply.description.range(of: "\"messi\":["))
    #expect(lineker.lowerBound < messi.lowerBound)
  }

  @Test func `what somebody wrote into the list by hand is shown, not lost, and breaks nothing`() async throws {
    let (redis, node) = try await waiting(["before"])
    _ = try redis.cli("RPUSH", "kabar:{u:arini}:inbox", "not \"JSON\"", #"{"from" : "ops", "msg" : "tonight\u0021"}"#)
    #expect(try node.login("lineker").request("send arini after").isOK)
    let arini = try node.login("arini")
    let reply = try arini.request("inbox")
    #expect(reply.texts(from: "lineker") == ["before", "after"])
    #expect(reply.texts(from: "?") == ["not \"JSON\""])
    #expect(reply.texts(from: "ops") == ["tonight!"])
    #expect(try arini.request("inbox").messages.isEmpty)
  }

  @Test(arguments: ["9223372036854775807", "-3", "1e3", "x"])
  func `a count of confirmed messages that is none stops nobody else`(count: String) async throws {
    let (redis, node) = try await waiting(["one"])
    _ = try redis.cli("LSET", "kabar:{u:arini}:inbox", "0", count)
    let arini = try node.login("arini")
    #expect(try arini.request("inbox").code == "unavailable")
    #expect(try arini.request("listen").isOK)
    #expect(try node.login("lineker").request("send lineker x").isOK)
    #expect(try node.login("lineker").request("inbox").texts(from: "lineker") == ["x"])
  }
}
