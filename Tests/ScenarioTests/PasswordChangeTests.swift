// Owns: what users notice of new passwords, new costs of hashes, and too many sessions.
// Must never: look into the nodes: it reads replies and Redis, as users and operators do.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct PasswordChangeTests {
  private func hash(_ redis: RedisServer) throws -> String {
    try redis.cli("HGET", "kabar:{u:arini}:account", "password")
  }

  @Test func `passwd changes the password and ends the other sessions, on every node`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let here = try a.login("arini")
    let there = try b.connect()
    let token = try #require(try there.request("auth arini pw")["tokenid"])
    #expect(try a.connect().request("passwd pw new").code == "not_logged_in")
    #expect(try here.request("passwd wrong new").code == "auth_failed")
    #expect(try here.request(#"passwd pw "my \"new\" \\ one""#)["message"] == "password changed")
    #expect(try here.request("user_aktif").isOK, "its own session stays")
    let ended = await eventually(within: 2) { (try? there.request("user_aktif").isOK) == false }
    #expect(ended)
    #expect(try b.connect().request("resume \(token)").code == "invalid_session")
    #expect(try b.connect().request("auth arini pw").code == "auth_failed")
    #expect(try b.connect().request(#"auth arini my "new" \ one"#).isOK)
  }

  @Test func `an operator's new password ends every session, on every node`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let clients = [try a.connect(), try b.connect()]
    let tokens = try clients.map { try #require(try $0.request("auth arini pw")["tokenid"]) }
    let lineker = try b.login("lineker")
    let change = "printf 'new one\\n' | \(kabarProgram) account passwd arini --password-stdin --scrypt-log2n 2"
    let folder = try TestFolder()
    let process = try TestProcess(
      "sh", ["-c", change], environment: ["KABAR_REDIS": redis.url], output: "\(folder.path)/out")
    #expect(process.waitUntilExit() == 0, "\(process.text)")
    #expect(process.text == "changed the password of arini; its sessions have ended\n")
    let ended = await eventually(within: 2) { clients.allSatisfy { (try? $0.request("user_aktif").isOK) == false } }
    #expect(ended)
    for token in tokens {
      for node in [a, b] { #expect(try node.connect().request("resume \(token)").code == "invalid_session") }
    }
    #expect(try a.connect().request("auth arini pw").code == "auth_failed")
    #expect(try b.connect().request("auth arini new one").isOK)
    #expect(try lineker.request("user_aktif").isOK, "somebody else's")
  }

  @Test func `the old password can't be guessed with a stolen session`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let thief = try node.login("arini")
    for number in 0..<5 { #expect(try thief.request("passwd guess\(number) new").code == "auth_failed") }
    #expect(try thief.request("passwd pw new").code == "too_many_attempts")
    let before = try hash(redis)
    #expect(try thief.request("passwd pw \" x\"").code == "invalid_password")
    #expect(try hash(redis) == before)
  }

  @Test func `a login stores the hash anew when its cost is another one now, and the session stays`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let before = try hash(redis)
    let same = try await ChatNode("same", redis: redis)
    _ = try same.login("arini")
    try await Task.sleep(for: .milliseconds(200))
    #expect(try hash(redis) == before, "the cost is the same: nothing to do")

    let node = try await ChatNode(
      "a", redis: redis, options: ["--scrypt-log2n", "3", "--scrypt-r", "4", "--scrypt-p", "2"])
    let client = try node.login("arini")
    let renewed = await eventually { (try? hash(redis).hasPrefix("$scrypt$ln=3,r=4,p=2$")) == true }
    #expect(renewed)
    #expect(try client.request("user_aktif").isOK)
    #expect(try node.connect().request("auth arini pw").isOK)
    #expect(try node.connect().request("auth arini other").code == "auth_failed")
  }

  @Test func `logins side by side succeed although one of them renews the hash`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, threads: 4, options: ["--scrypt-log2n", "8"])
    for round in 0..<10 {
      try await redis.addAccounts("user\(round)")
      let clients = try (0..<8).map { _ in try node.connect() }
      for client in clients { try client.send("auth user\(round) pw") }
      for client in clients { #expect(try client.reply().isOK) }
    }
  }

  @Test func `the session unused for longest ends when there are too many`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis, options: ["--sessions-per-user", "3"])
    let b = try await ChatNode("b", redis: redis, options: ["--sessions-per-user", "3"])
    var clients: [LineClient] = []
    for node in [a, b, a] {
      clients.append(try node.login("arini"))
      try await Task.sleep(for: .milliseconds(10))
    }
    let lineker = try a.login("lineker")
    clients.append(try b.login("arini"))
    let ended = await eventually(within: 2) { (try? clients[0].request("user_aktif").isOK) == false }
    #expect(ended)
    for client in clients[1...] + [lineker] { #expect(try client.request("user_aktif").isOK) }
    #expect(try redis.cli("ZCARD", "kabar:{u:arini}:sessions") == "3")
  }

  @Test func `an operator lists and ends sessions by their short ids`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let first = try node.login("arini")
    try await Task.sleep(for: .milliseconds(10))
    let others = [try node.login("arini"), try node.login("arini")]
    let list = try kabar("session", "list", "arini", redis)
    let lines = list.text.split(separator: "\n")
    #expect(list.status == 0 && lines.count == 3, "\(list.text)")
    let id = try #require(lines.first?.prefix(8))
    #expect(lines[0].contains("  127.0.0.1  a-") && node.log.contains("session=\(id)"), "\(lines[0])")

    #expect(try kabar("session", "end", "arini", redis, String(id)).text == "ended 1 session of arini\n")
    let ended = await eventually(within: 2) { (try? first.request("user_aktif").isOK) == false }
    #expect(ended)
    for other in others { #expect(try other.request("user_aktif").isOK) }
    #expect(try kabar("session", "end", "arini", redis, String(id)).status == 1)
    #expect(try kabar("session", "end", "arini", redis).status != 0, "one, or --all")
    #expect(try kabar("session", "end", "arini", redis, "--all").text == "ended 2 sessions of arini\n")
    let allEnded = await eventually(within: 2) { others.allSatisfy { (try? $0.request("user_aktif").isOK) == false } }
    #expect(allEnded)
    #expect(try kabar("session", "list", "nobody", redis).status == 1)
  }

  private func kabar(
    _ command: String, _ verb: String, _ user: String, _ redis: RedisServer, _ more: String...
  ) throws -> (status: Int32, text: String) {
    let folder = try TestFolder()
    let process = try TestProcess(
      kabarProgram, [command, verb, user, "--redis", redis.url] + more, output: "\(folder.path)/out")
    return (process.waitUntilExit(), process.text)
  }
}
