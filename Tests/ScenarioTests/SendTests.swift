// Owns: what a sender is told, and that it is true.
// Must never: trust a reply: what it says is looked up in the inbox.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct SendTests {
  private func node(_ options: [String] = [], _ redisOptions: [String] = []) async throws -> (RedisServer, ChatNode) {
    let redis = try await RedisServer(redisOptions)
    try await redis.addAccounts("arini", "lineker", "messi")
    return (redis, try await ChatNode("a", redis: redis, options: options))
  }

  private func length(_ redis: RedisServer, _ user: String = "arini") throws -> Int {
    try (Int(redis.cli("LLEN", "kabar:{u:\(user)}:inbox")) ?? 0) - 1
  }

  @Test func `a tagged send is stored once, on any connection and node`() async throws {
    let (redis, a) = try await node()
    let b = try await ChatNode("b", redis: redis)
    let first = try a.login("lineker").request("@id=m-1 send arini once")
    #expect(first.isOK && first["id"] != nil && !first.description.contains("duplicate"))
    for node in [a, b] {
      let again = try node.login("lineker").request("@id=m-1 send arini once")
      #expect(again.isOK && again["id"] == first["id"])
      #expect(again.description.contains("\"duplicate\":true"))
    }
    #expect(try length(redis) == 1)
    // Another sender's tag is another tag.
    #expect(try a.login("messi").request("@id=m-1 send arini mine").description.contains("duplicate") == false)
    #expect(try length(redis) == 2)
    let life = try Int(redis.cli("PTTL", "kabar:{u:arini}:once:lineker:m-1")) ?? 0
    #expect((590_000...600_000).contains(life))
  }

  @Test(arguments: ["@id= send arini x", "@id=\(String(repeating: "a", count: 65)) send arini x"])
  func `a tag outside its bounds is refused`(line: String) async throws {
    let (_, a) = try await node()
    #expect(try a.login("lineker").request(line).code == "invalid_tag")
  }

  @Test func `a full inbox refuses the sender and drops nothing`() async throws {
    let (redis, a) = try await node(["--inbox-messages", "20"])
    let lineker = try a.login("lineker")
    for number in 1...20 { #expect(try lineker.request("send arini \(number)").isOK) }
    #expect(try lineker.request("send arini 21").code == "inbox_full")
    #expect(try lineker.request("@id=t send arini 21").code == "inbox_full")
    #expect(try length(redis) == 20)
    let arini = try a.login("arini")
    #expect(try arini.request("inbox").texts(from: "lineker") == (1...20).map(String.init))
    #expect(try arini.request("ping").isOK)
    #expect(try lineker.request("send arini 21").isOK)
  }

  @Test func `the bound holds against pipelined senders on several loops and nodes`() async throws {
    let (redis, a) = try await node(["--inbox-messages", "1000"])
    let b = try await ChatNode("b", redis: redis, options: ["--inbox-messages", "1000"])
    let senders = try (0..<8).map { try ($0 % 2 == 0 ? a : b).login("lineker") }
    let each = 200
    for sender in senders { try sender.socket.write(String(repeating: "send arini x\r\n", count: each).utf8) }
    var stored = 0
    for sender in senders { for _ in 0..<each { stored += try sender.reply().isOK ? 1 : 0 } }
    // Documented with InboxFill: four loops at once can't pass nine tenths of the bound unseen.
    #expect(stored == 1000, "\(stored)")
    // A loop that had ended before the others has not heard of it: it may pass the bound once, and has heard of it then.
    for sender in senders { stored += try sender.request("send arini x").isOK ? 1 : 0 }
    #expect(stored <= 1004, "\(stored)")
    for sender in senders { #expect(try sender.request("send arini x").code == "inbox_full") }
    #expect(try length(redis) == stored)
  }

  @Test func `the bound in bytes holds`() async throws {
    let (redis, a) = try await node(["--inbox-bytes", "100000"])
    let lineker = try a.login("lineker")
    let text = String(repeating: "x", count: 4000)
    var stored = 0
    while try lineker.request("send arini \(text)").isOK, stored < 100 { stored += 1 }
    let bytes = try Int(redis.cli("MEMORY", "USAGE", "kabar:{u:arini}:inbox", "SAMPLES", "0")) ?? 0
    #expect(stored > 15 && bytes > 90_000 && bytes < 110_000, "\(stored) messages take \(bytes)")
  }

  @Test func `a disabled account takes no mail, and has its messages when it is enabled again`() async throws {
    let (redis, a) = try await node()
    let lineker = try a.login("lineker")
    #expect(try lineker.request("send arini before").isOK)
    let arini = try a.login("arini")
    try account("disable", "arini", redis)
    #expect(try lineker.request("send arini meanwhile").code == "unknown_user")
    #expect(try a.connect().request("auth arini pw").code == "auth_failed")
    let out = await eventually(within: 2) { (try? arini.request("user_aktif").isOK) == false }
    #expect(out)
    try account("enable", "arini", redis)
    #expect(try lineker.request("send arini after").isOK)
    #expect(try a.login("arini").request("inbox").texts(from: "lineker") == ["before", "after"])
  }

  @Test func `messages that were shown and not confirmed come again with a mark`() async throws {
    let (_, a) = try await node()
    let lineker = try a.login("lineker")
    #expect(try lineker.request("send arini one").isOK)
    let first = try a.login("arini")
    #expect(try first.request("inbox").messages["lineker"]?[0]["redelivered"] == nil)
    first.socket.reset()
    #expect(try lineker.request("send arini two").isOK)
    let messages = try #require(try a.login("arini").request("inbox").messages["lineker"])
    #expect(messages.map { $0["msg"]?.text } == ["one", "two"])
    #expect(messages[0]["redelivered"] == .flag(true) && messages[1]["redelivered"] == nil)
  }

  @Test func `ack confirms up to its number and no further`() async throws {
    let (redis, a) = try await node()
    let lineker = try a.login("lineker")
    for text in ["one", "two", "three"] { #expect(try lineker.request("send arini \(text)").isOK) }
    let arini = try a.login("arini")
    let page = try arini.request("inbox")
    #expect(try arini.request("ack 2").isOK)
    #expect(try arini.request("ping").isOK)  // on a connection that says ack, no other command confirms
    #expect(try length(redis) == 1)
    #expect(try arini.request("ack 2").isOK)  // once more does no harm
    #expect(try arini.request("ack 4").code == "unknown_message")
    // Another connection has to name the message.
    let other = try a.login("arini")
    let id = try #require(page.messages["lineker"]?[2]["id"]?.text)
    #expect(try other.request("ack 3").code == "unknown_message")
    #expect(try other.request("ack 3 wrong-1").code == "unknown_message")
    #expect(try length(redis) == 1)
    #expect(try other.request("ack 3 \(id)").isOK)
    #expect(try length(redis) == 0)
  }

  private func account(_ verb: String, _ name: String, _ redis: RedisServer) throws {
    let folder = try TestFolder()
    let process = try TestProcess(
      kabarProgram, ["account", verb, name, "--redis", redis.url], output: "\(folder.path)/out")
    #expect(process.waitUntilExit() == 0, "\(process.text)")
  }
}
