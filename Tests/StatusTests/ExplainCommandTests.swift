// Owns: that `kabar explain` tells what happened to users and messages of a real cluster.
// Must never: find a text, a token or a hash in what it prints.
// Runs on: swift-testing.
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct ExplainCommandTests {
  @Test func `a message waits, is shown, is confirmed, is gone`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini", "lineker", "messi")
    let node = try await ChatNode("a", redis: redis)
    let lineker = try node.login("lineker")
    #expect(try lineker.request("send arini pertama").isOK)
    let sent = try lineker.request("send arini rahasia")
    let id = try #require(sent["id"])
    func explain(_ words: String...) throws -> KabarRun { try KabarRun(url: redis.url, ["explain", id] + words) }

    let waits = try explain()
    #expect(waits.status == 0, "\(waits)")
    #expect(waits.output.hasPrefix("\(id) waits in the inbox of arini as number 2 since 2"), "\(waits)")
    #expect(waits.output.hasSuffix("(sent by lineker), not yet shown.\n") && !waits.output.contains("rahasia"))
    #expect(try explain("--to", "arini").output == waits.output)
    let elsewhere = try explain("--to", "messi")
    #expect(elsewhere.status == 1 && elsewhere.output.contains("not in the inbox of messi"), "\(elsewhere)")

    let arini = try node.login("arini")
    #expect(try arini.request("inbox").texts(from: "lineker").count == 2)
    // Reset: no orderly end, so what was shown is not confirmed.
    arini.socket.reset()
    let isShown = try await eventually(within: 3) { try explain().output.contains("; it was shown, not confirmed.") }
    #expect(isShown)
    _ = try KabarRun(redis, "account", "disable", "arini")
    #expect(try explain().output.contains("the inbox of arini (whose account is disabled) as number 2"))
    _ = try KabarRun(redis, "account", "enable", "arini")

    let again = try node.login("arini")
    #expect(try again.request("inbox").isOK && again.request("ping").isOK)
    let isGone = try await eventually(within: 3) { try explain().status == 1 }
    #expect(isGone)
    #expect(
      try explain().output == "\(id) is in no inbox: it was confirmed and taken off, or never stored.\n")
  }

  @Test func `a confirmed message stays for the place that has not got it`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis)
    let lineker = try node.login("lineker")
    let id = try #require(try lineker.request("send arini x")["id"])
    // A place as a node notes it: it has nothing yet, and called just now.
    let time = try redis.cli("TIME").split(separator: "\n").compactMap { Int($0) }
    let now = time[0] * 1000 + time[1] / 1000
    _ = try redis.cli("HSET", "kabar:{u:arini}:reading", "n9-00000001/0", "0 \(now + 60_000)")
    let arini = try node.login("arini")
    #expect(try arini.request("inbox").isOK && arini.request("ping").isOK)
    let isHeld = try await eventually(within: 3) {
      try KabarRun(redis, "explain", id).output.contains(
        "it was confirmed; n9-00000001/0 has not got it yet (is at number 0")
    }
    #expect(isHeld)
    let user = try KabarRun(redis, "explain", "arini")
    #expect(user.output.contains("  confirmed, still there: number 1; n9-00000001/0 has not got it yet"), "\(user)")
    #expect(user.output.contains("The inbox holds 1 message, 0 of them not confirmed."), "\(user)")
  }

  @Test func `a long inbox is searched to its end, also while it shrinks`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini", "lineker", "messi")
    let node = try await ChatNode("a", redis: redis, options: ["--limits", "off"])
    let lineker = try node.login("lineker")
    var ids: [String] = []
    for _ in 1...450 { ids.append(try #require(try lineker.request("send arini x")["id"])) }
    for number in [1, 100, 101, 102, 201, 202, 450] {
      let run = try KabarRun(redis, "explain", ids[number - 1])
      #expect(run.output.contains("the inbox of arini as number \(number) since"), "\(run)")
    }
    _ = try redis.cli("LTRIM", "kabar:{u:arini}:inbox", "120", "-1")
    _ = try redis.cli("LSET", "kabar:{u:arini}:inbox", "0", "120")
    #expect(try KabarRun(redis, "explain", ids[120]).output.contains("as number 121 since"))
    #expect(try KabarRun(redis, "explain", ids[119]).status == 1)
    #expect(try KabarRun(redis, "explain", ids[449], "--to", "arini").output.contains("as number 450 since"))
  }

  @Test func `a message is found under its number while those before it are taken off`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini")
    let fill = """
      for i = 1, 20000 do
        redis.call('RPUSH', KEYS[1], '{"from":"lineker","msg":"x","id":"q3v9k1d0w7xz-' .. i .. '","at":"T"}')
      end
      """
    _ = try redis.cli("EVAL", fill, "1", "kabar:{u:arini}:inbox")
    let shrink = """
      local count = redis.call('LINDEX', KEYS[1], 0) + 7
      redis.call('LTRIM', KEYS[1], 7, -1)
      redis.call('LSET', KEYS[1], 0, string.format('%.0f', count))
      return count
      """
    let isOver = Atomic(false)
    let reader = Thread {
      while !isOver.load(ordering: .relaxed) { _ = try? redis.cli("EVAL", shrink, "1", "kabar:{u:arini}:inbox") }
    }
    reader.start()
    defer { isOver.store(true, ordering: .relaxed) }
    // On a busy machine the other side may not have its turn during one search.
    var moved = 0
    for _ in 1...10 where moved < 2 {
      let before = try redis.cli("LINDEX", "kabar:{u:arini}:inbox", "0")
      let run = try KabarRun(redis, "explain", "q3v9k1d0w7xz-20000")
      #expect(run.output.contains("in the inbox of arini as number 20000 since T"), "\(run)")
      if try redis.cli("LINDEX", "kabar:{u:arini}:inbox", "0") != before { moved += 1 }
    }
    #expect(moved == 2, "nothing was taken off meanwhile")
  }

  @Test func `a user: sessions, places, inbox, blocks`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini", "lineker", "messi")
    let node = try await ChatNode("a", redis: redis)
    let lineker = try node.login("lineker")
    for text in ["satu", "dua", "tiga"] { #expect(try lineker.request("send arini \(text)").isOK) }
    let arini = try node.connect()
    let token = try #require(try arini.request("auth arini pw")["tokenid"])
    #expect(try arini.request("block messi").isOK)
    let id = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1")
    let run = try KabarRun(redis, "explain", "arini")
    #expect(run.status == 0, "\(run)")
    let session = try redis.cli("ZRANGE", "kabar:{u:arini}:sessions", "0", "-1")
    #expect(run.lines[0].hasPrefix("arini (Display arini) has an account since 2"), "\(run)")
    #expect(run.lines[1] == "1 session, the one unused for longest first:", "\(run)")
    #expect(
      run.lines[2].hasPrefix("  \(session.prefix(8)) opened 2") && run.lines[2].contains("from 127.0.0.1"), "\(run)")
    #expect(run.lines[3] == "arini is active on the node \(id): 1 connection, none of them listens.", "\(run)")
    #expect(run.lines[4] == "The inbox holds 3 messages, 3 of them not confirmed.", "\(run)")
    #expect(run.lines[5].hasPrefix("  oldest: number 1, id ") && run.lines[6].hasPrefix("  newest: number 3, id "))
    #expect(run.lines[7] == "  not yet shown: numbers 1 to 3", "\(run)")
    #expect(run.lines[8] == "arini blocks 1 user, 0 users block arini.", "\(run)")
    for secret in [token, String(session), "satu", "tiga", "$scrypt"] { #expect(!run.output.contains(secret)) }

    #expect(try arini.request("listen").isOK)
    let listens = try await eventually(within: 3) {
      try KabarRun(redis, "explain", "arini").output.contains("1 connection, 1 of them listening.")
    }
    #expect(listens)
    let shown = try KabarRun(redis, "explain", "ARINI")
    #expect(shown.output.contains("  shown, not confirmed: numbers 1 to 3\n"), "\(shown)")
    #expect(try KabarRun(redis, "explain", "messi").output.contains("messi blocks 0 users, 1 user blocks messi."))

    node.process.kill()
    let hasEnded = try await eventually(within: 10) {
      try KabarRun(redis, "explain", "arini").output.contains("whose lease has ended: its peers will take arini off.")
    }
    #expect(hasEnded)
  }

  @Test func `who or what is not there`() async throws {
    let redis = try await RedisServer.sound()
    let nobody = try KabarRun(redis, "explain", "nobody")
    #expect(nobody.status == 1 && nobody.output.contains("there is no account nobody"), "\(nobody)")
    #expect(try KabarRun(redis, "explain", "q3v9k1d0w7xz-1f").output.contains("is in no inbox"))
    #expect(try KabarRun(redis, "explain", "x", "--to", "nobody").status == 1)
    let nowhere = try KabarRun(url: "redis://127.0.0.1:\(TCPSocket.freePort())", ["explain", "arini"])
    #expect(nowhere.status == 2 && nowhere.output.contains("Redis could not be asked"), "\(nowhere)")
  }
}
