// Owns: messages that arrive by themselves, seen from outside: which, when, in what order, and what brings them back.
// Must never: know how a message finds its listener.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct ListenTests {
  /// Two nodes on ports of their own, arini and lineker.
  private func cluster(_ options: [String] = []) async throws -> (redis: RedisServer, a: ChatNode, b: ChatNode) {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis, options: options)
    let b = try await ChatNode("b", redis: redis, options: options)
    return (redis, a, b)
  }

  /// Logs in and listens.
  private func listener(_ user: String, at node: ChatNode) throws -> LineClient {
    let client = try node.login(user)
    let reply = try client.request("listen")
    guard reply["message"] == "listening" else { throw TestFailure("\(reply)") }
    return client
  }

  /// The next messages as they are, replies to `ack` left out.
  private func messages(_ count: Int, _ client: LineClient) throws -> [Reply] {
    var found: [Reply] = []
    while found.count < count {
      let next = try client.reply()
      if next.event == "message" {
        found.append(next)
      } else if next.event != nil || !next.isOK {
        throw TestFailure("unexpected: \(next)")
      }
    }
    return found
  }

  private func left(_ redis: RedisServer) throws -> Int {
    try (Int(redis.cli("LLEN", "kabar:{u:arini}:inbox")) ?? 0) - 1
  }

  @Test func `what waits comes first, then what is sent on another node`() async throws {
    let (redis, a, b) = try await cluster()
    let lineker = try b.login("lineker")
    for text in ["one", "two"] { #expect(try lineker.request("send arini \(text)").isOK) }
    let arini = try listener("arini", at: a)
    let waiting = try messages(2, arini)
    #expect(waiting.map { $0["msg"] } == ["one", "two"] && waiting.map(\.sequence) == [1, 2])
    #expect(waiting.allSatisfy { $0["from"] == "lineker" && $0["msg_from"] == "Display lineker" && $0["at"] != nil })
    #expect(waiting.allSatisfy { !$0.has("redelivered") })
    let sent = try lineker.request("send arini three")
    let third = try messages(1, arini)[0]
    #expect(third["msg"] == "three" && third.sequence == 3 && third["id"] == sent["id"])
    // Listening, a connection can do everything else.
    #expect(try arini.request("send lineker hello").isOK)
    #expect(try arini.request("ping").isOK)
    #expect(try left(redis) == 3, "nothing is confirmed by another command")
    let confirmed = try arini.request("ack 3")
    #expect(confirmed.isOK && confirmed.sequence == 3)
    #expect(try left(redis) == 0)
    #expect(try arini.request("ack 3").isOK, "again is no error")
    #expect(try arini.request("ack 4").code == "unknown_message")
  }

  @Test func `nor does one from another event loop of the same node`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis, threads: 3)
    let arini = try listener("arini", at: node)
    let senders = try (0..<8).map { _ in try node.login("lineker") }
    try await Task.sleep(for: .seconds(2))  // beyond the first looks of a new listener
    let begin = ContinuousClock.now
    for (number, sender) in senders.enumerated() {
      #expect(try sender.request("send arini \(number)").isOK)
      #expect(try messages(1, arini)[0]["msg"] == "\(number)")
    }
    #expect(ContinuousClock.now - begin < .seconds(5), "each would wait for a look, up to 3 s")
  }

  @Test func `a message does not wait for the listener's node to look by itself`() async throws {
    let (_, a, b) = try await cluster()
    let arini = try listener("arini", at: a)
    let lineker = try b.login("lineker")
    _ = try lineker.request("send arini first")
    _ = try messages(1, arini)  // by now the other node knows who listens where, or soon
    try await Task.sleep(for: .seconds(1))
    let begin = ContinuousClock.now
    for number in 1...20 {
      #expect(try lineker.request("send arini \(number)").isOK)
      #expect(try messages(1, arini)[0]["msg"] == "\(number)")
    }
    // A look every 3 s would take 20 × 1.5 s or more.
    #expect(ContinuousClock.now - begin < .seconds(15))
  }

  @Test func `a lost wake-up is found, also one that was never sent`() async throws {
    let (redis, a, b) = try await cluster()
    let arini = try listener("arini", at: a)
    let lineker = try b.login("lineker")
    #expect(try redis.cli("CLIENT", "KILL", "TYPE", "pubsub") != "0")
    #expect(try lineker.request("send arini cut").isOK)
    #expect(try messages(1, arini)[0]["msg"] == "cut")
    #expect(try redis.cli("RPUSHX", "kabar:{u:arini}:inbox", #"{"from":"ops","msg":"by hand"}"#) == "3")
    let byHand = try messages(1, arini)[0]
    #expect(byHand["msg"] == "by hand" && byHand["from"] == "ops")
    #expect(try arini.request("ack 2").isOK)
  }

  @Test func `what was not confirmed comes again on another node, with a mark; what was never does`() async throws {
    let (_, a, b) = try await cluster()
    let lineker = try b.login("lineker")
    let first = try listener("arini", at: a)
    for text in ["one", "two", "three"] { #expect(try lineker.request("send arini \(text)").isOK) }
    _ = try messages(3, first)
    #expect(try first.request("ack 1").isOK)
    #expect(try first.request("quit").isOK)
    let second = try listener("arini", at: b)
    #expect(try lineker.request("send arini four").isOK)
    let again = try messages(3, second)
    #expect(again.map { $0["msg"] } == ["two", "three", "four"])
    #expect(again.map { $0.has("redelivered") } == [true, true, false])
  }

  @Test func `an ack is no OK before Redis has it`() async throws {
    let (redis, a, b) = try await cluster()
    let arini = try listener("arini", at: a)
    let lineker = try b.login("lineker")
    #expect(try lineker.request("send arini one").isOK)
    _ = try messages(1, arini)
    redis.signal(SIGSTOP)
    let reply = try arini.request("ack 1")
    redis.signal(SIGCONT)
    #expect(["unavailable", "outcome_unknown"].contains(reply.code), "\(reply)")
  }

  @Test func `the flow pauses at the window and goes on with an ack`() async throws {
    let (_, a, b) = try await cluster(["--push-window", "3"])
    let lineker = try b.login("lineker")
    let arini = try listener("arini", at: a)
    for number in 1...5 { #expect(try lineker.request("send arini \(number)").isOK) }
    #expect(try messages(3, arini).map { $0["msg"] } == ["1", "2", "3"])
    #expect(!arini.hears(withinMilliseconds: 1500), "a fourth is beyond the window")
    #expect(try arini.request("ack 2").isOK)
    #expect(try messages(2, arini).map { $0["msg"] } == ["4", "5"])
  }

  /// The quick ones confirm at once, the last one confirms nothing: it lives from what the others confirm.
  @Test(arguments: [1, 3000])
  func `several listeners of one user, on several nodes, each get every message in order`(bytes: Int) async throws {
    let (redis, a, b) = try await cluster(["--limits", "off"])
    let lineker = try b.login("lineker")
    let listeners = try [a, a, b, b].map { try listener("arini", at: $0) }
    let count = bytes > 1 ? 400 : 1500
    let texts = (1...count).map { "\($0)" + String(repeating: "x", count: bytes - 1) }
    try lineker.socket.write(texts.map { "send arini \($0)\r\n" }.joined().utf8)
    var got = listeners.map { _ in [String]() }
    _ = try await eventually {
      for (index, client) in listeners.enumerated() {
        while client.hears(withinMilliseconds: 0) {
          let next = try client.reply()
          guard next.event == "message" else { continue }
          got[index].append(next["msg"] ?? "?")
          if index < 3 { try client.send("ack \(next.sequence ?? 0)") }
        }
      }
      return got.allSatisfy { $0.count >= count }
    }
    for list in got { #expect(list == texts) }
    let empty = await eventually(within: 20) { (try? left(redis)) == 0 }
    #expect(empty, "when all have them, the confirmed messages go")
  }

  @Test func `unlisten ends it, and the order of replies and events holds in a pipeline`() async throws {
    let (_, a, b) = try await cluster()
    let lineker = try b.login("lineker")
    #expect(try lineker.request("send arini one").isOK)
    let arini = try a.login("arini")
    try arini.socket.write("send lineker x\r\nlisten\r\nwatch *\r\nunwatch\r\nunlisten\r\nping\r\n".utf8)
    var heard: [String] = []
    while heard.last != "pong" {
      let next = try arini.reply()
      heard.append(next["message"] ?? next.event ?? "?")
    }
    let replies = heard.filter { $0 != "message" }
    #expect(replies == ["Message Sent", "listening", "watching", "unwatched", "not listening", "pong"])
    #expect((heard.firstIndex(of: "message") ?? 9) > 1, "no event before the reply to listen")
    #expect(try lineker.request("send arini two").isOK)
    #expect(!arini.hears(withinMilliseconds: 1500))
    #expect(try arini.request("watch lineker").code == "not_listening")
    #expect(try arini.request("listen").isOK)
    #expect(try messages(2, arini).map { $0["msg"] } == ["one", "two"])
  }

  @Test func `the end of the session is told, and ends the events`() async throws {
    let (_, a, b) = try await cluster()
    let lineker = try b.login("lineker")
    let other = try b.connect()
    let token = try #require(try other.request("auth arini pw")["tokenid"])
    let arini = try a.connect()
    let resumed = try arini.request("resume \(token)")
    #expect(resumed["user"] == "arini" && resumed["name"] == "Display arini")
    #expect(try arini.request("listen").isOK)
    #expect(try other.request("logout").isOK)
    #expect(try arini.reply().event == "session_ended")
    #expect(try lineker.request("send arini x").isOK)
    #expect(!arini.hears(withinMilliseconds: 1200))
    #expect(try arini.request("resume \(token)").code == "invalid_session")
    #expect(try arini.request("listen").code == "not_logged_in")
  }

  @Test func `a session that ends while its listen waits is never told that it listens`() async throws {
    let (redis, a, b) = try await cluster()
    for _ in 0..<5 {
      let arini = try a.connect()
      let token = try #require(try arini.request("auth arini pw")["tokenid"])
      redis.signal(SIGSTOP)
      try arini.socket.write("send lineker x\r\nlisten\r\n".utf8)
      try await Task.sleep(for: .milliseconds(50))
      let other = try b.connect()
      try other.send("logout \(token)")
      redis.signal(SIGCONT)
      _ = try arini.reply()
      let listened = try arini.reply()
      #expect(try other.reply().isOK)
      if listened.isOK {
        #expect(try arini.reply().event == "session_ended")
      } else {
        #expect(listened.code == "invalid_session" || listened.event == "session_ended")
      }
    }
  }

  @Test func `a watch behind a late reply says how it is then`() async throws {
    let (redis, a, _) = try await cluster(["--presence-grace", "0"])
    let arini = try listener("arini", at: a)
    // On the same node, which knows without Redis that she has gone.
    let lineker = try a.login("lineker")
    let isThere = try await eventually { try arini.request("user_aktif").users == ["arini", "lineker"] }
    #expect(isThere)
    redis.signal(SIGSTOP)
    try arini.socket.write("send lineker x\r\nwatch lineker\r\n".utf8)
    lineker.socket.close()
    try await Task.sleep(for: .milliseconds(1300))
    redis.signal(SIGCONT)
    var isActive: Bool?
    let isRight = try await eventually(within: 8) {
      while arini.hears(withinMilliseconds: 0) {
        let next = try arini.reply()
        if next["message"] == "watching" { isActive = next.users == ["lineker"] }
        if next.event == "presence" { isActive = next.has("active") }
      }
      return isActive == false
    }
    #expect(isRight, "the last that was said is true")
  }
}
