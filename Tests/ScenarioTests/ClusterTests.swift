// Owns: what users of a cluster notice: two nodes, one Redis, plain clients.
// Must never: look into the nodes: it reads replies and Redis, as users and operators do.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct ClusterTests {
  @Test func `a message sent on one node is collected on the other`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let lineker = try a.login("lineker")
    #expect(try lineker.request("send arini  piye   kabare? ").isOK)
    #expect(try lineker.request("send arini \"quoted\" \\ and 🙂").isOK)

    let arini = try b.login("arini")
    let inbox = try arini.request("inbox")
    #expect(inbox.texts(from: "lineker") == ["piye   kabare?", "\"quoted\" \\ and 🙂"])
    let first = try #require(inbox.messages["lineker"]?.first)
    #expect(first["msg_from"] == .text("Display lineker"))
    #expect(first["msg_to"] == .text("Display arini"))
    #expect(first["seq"] == .number(1))
    #expect(first["at"]?.text?.hasSuffix("Z") == true)
    // What is confirmed by the next command is gone, on every node.
    #expect(try arini.request("inbox").messages.isEmpty)
    #expect(try a.login("arini").request("inbox").messages.isEmpty)
  }

  @Test func `the operator reads the message in Redis`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis)
    #expect(try node.login("lineker").request("send arini halo").isOK)
    let list = try redis.cli("LRANGE", "kabar:{u:arini}:inbox", "0", "-1").components(separatedBy: "\n")
    #expect(list.count == 2)
    #expect(list[0] == "0")
    #expect(list[1].hasPrefix(#"{"from":"lineker","msg_from":"Display lineker","msg":"halo","id":""#))
  }

  @Test func `a session is used on another node by its token, and ends everywhere at once`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let here = try a.connect()
    let token = try #require(try here.request("auth arini pw")["tokenid"])
    let there = try b.connect()
    #expect(try there.request("send \(token) lineker hello").isOK)
    // The token has bound the connection.
    #expect(try there.request("user_aktif").users == ["arini"])

    #expect(try here.request("logout \(token)")["message"] == "logout success")
    // `there` is told by pub/sub; its next command no longer works, well before the cached answer would be asked anew.
    let ended = await eventually(within: 2) { (try? there.request("user_aktif").isOK) == false }
    #expect(ended)
    #expect(try there.request("send \(token) lineker again").code == "invalid_session")
    #expect(try a.connect().request("inbox \(token)").code == "invalid_session")
    #expect(try redis.command("EXISTS kabar:active") == ":0")
  }

  @Test func `user_aktif shows who is connected, on any node, and who is not any more`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker", "messi")
    let a = try await ChatNode("a", redis: redis, options: ["--presence-grace", "1"])
    let b = try await ChatNode("b", redis: redis, options: ["--presence-grace", "1"])
    let arini = try a.login("arini")
    let phone = try b.login("arini")
    let lineker = try b.login("lineker")
    let both = try await eventually(within: 3) { try arini.request("user_aktif")["message"] == "arini, lineker, " }
    #expect(both)
    #expect(try arini.request("user_aktif").users == ["arini", "lineker"])

    try lineker.quit()
    phone.socket.reset()
    let alone = await eventually { (try? arini.request("user_aktif").users) == ["arini"] }
    #expect(alone)
    #expect(try redis.cli("ZRANGE", "kabar:active", "0", "-1", "WITHSCORES") == "arini\n1")
  }

  @Test func `a killed node's users leave within ten seconds, and its peers serve on`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let arini = try a.login("arini")
    let lineker = try b.login("lineker")
    let both = try await eventually(within: 3) { try arini.request("user_aktif").users == ["arini", "lineker"] }
    #expect(both)
    b.process.kill()
    #expect(throws: (any Error).self) { try lineker.request("ping") }
    let gone = await eventually(within: 10) { (try? arini.request("user_aktif").users) == ["arini"] }
    #expect(gone)
    #expect(try redis.command("ZCARD kabar:nodes") == ":1")
  }

  @Test func `accounts and messages survive a kill of Redis, and clients stay connected`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis)
    let lineker = try node.login("lineker")
    #expect(try lineker.request("send arini before").isOK)
    redis.kill()
    #expect(try lineker.request("ping").isOK)
    #expect(try lineker.request("send arini lost").code == "unavailable")
    try await redis.start()
    let works = await eventually { (try? lineker.request("send arini after").isOK) == true }
    #expect(works)
    #expect(try node.login("arini").request("inbox").texts(from: "lineker") == ["before", "after"])
  }

  @Test func `two processes with four loops share one port`() async throws {
    let redis = try await RedisServer()
    let users = (0..<32).map { "u\($0)" }
    try await redis.addAccounts(users)
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis, port: a.port)
    let clients = try users.map { try a.login($0) }
    let everybody = try await eventually(within: 3) { try clients[0].request("user_aktif").users.count == 32 }
    #expect(everybody)
    let nodes = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n")
    let counts = try nodes.map { Int(try redis.cli("HLEN", "kabar:node:\($0):users")) ?? 0 }
    // The kernel hashes each connection to one of four listeners: that one process gets none of 32 has odds of 1 in 2^31.
    #expect(counts.count == 2 && counts.allSatisfy { $0 > 0 } && counts.reduce(0, +) == 32, "\(counts)")
    // A node that ends in order takes its users with it at once.
    #expect(b.process.terminate() == 0)
    let left = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n")
    #expect(left.count == 1 && left[0].hasPrefix("a-"))
    #expect(try Int(redis.cli("ZCARD", "kabar:active")) == counts[nodes.firstIndex(of: left[0]) ?? 0])
  }

  @Test func `a port that another program uses is one clear line`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let process = try TestProcess(
      kabarProgram, ["serve", "--port", "\(redis.port)", "--redis", redis.url], output: "\(folder.path)/out")
    #expect(process.waitUntilExit() == 1)
    // Operators could ask it before, which it has said.
    let lines = process.text.split(separator: "\n").filter { !$0.contains("answering operators") }
    #expect(lines.count == 1, "\(process.text)")
    #expect(lines.first?.contains("cannot listen on 127.0.0.1 port \(redis.port)") == true)
    #expect(try redis.command("EXISTS kabar:nodes") == ":0")
  }
}
