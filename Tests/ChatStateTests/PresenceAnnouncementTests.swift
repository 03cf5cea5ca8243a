// Owns: what nodes tell each other about users: its text, its publication, and what a reader finds instead.
// Must never: subscribe with Kabar's own client: redis-cli shows what any reader gets.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import Foundation
import RedisClient
import TestSupport
import Testing

@Suite struct PresenceAnnouncementTests {
  private let a = NodeID("a-1")

  private func changes(_ text: String) throws -> [PresenceAnnouncement.Change] {
    guard case .changes(_, _, let changes) = PresenceAnnouncement("n 1 \(text)") else {
      throw TestFailure("no changes: \(text)")
    }
    return changes
  }

  @Test func `an announcement is text and the same again`() throws {
    let arini = PresenceAnnouncement.Change(try name("arini"), .active)
    let messi = PresenceAnnouncement.Change(try name("messi"), .listening)
    let lineker = PresenceAnnouncement.Change(try name("line-ker"), nil)
    let all = PresenceAnnouncement.changes(NodeID("n1-3f9a2c61"), version: 7, [arini, messi, lineker])
    #expect(all.description == "n1-3f9a2c61 7 +arini *messi -line-ker")
    #expect(PresenceAnnouncement(all.description) == all)
    #expect(PresenceAnnouncement("n1-1 gone") == .gone(NodeID("n1-1")))
    #expect(PresenceAnnouncement.gone(NodeID("n1-1")).description == "n1-1 gone")
    #expect(PresenceAnnouncement("n1-1 1") == .changes(NodeID("n1-1"), version: 1, []))
  }

  @Test(arguments: [
    "", "n1-1", "n1-1 gone away", "n1-1 0 +a", "n1-1 -1 +a", "n1-1 x +a", "n1-1 1 a", "n1-1 1 +", "n1-1 1 ?a",
    "n1-1 1 +a +B! +c", "n1-1 99999999999999999999 +a",
  ])
  func `what is no announcement is passed over whole`(text: String) { #expect(PresenceAnnouncement(text) == nil) }

  @Test func `a message to a node names who has mail`() throws {
    let mail = NodeMessage.mail([try name("arini"), try name("messi")])
    #expect(NodeMessage("mail arini messi") == mail)
    #expect(NodeMessage("mail arini B! messi") == mail)
    #expect(NodeMessage("mail") == .mail([]))
    #expect(NodeMessage("drain") == nil && NodeMessage("") == nil)
  }

  @Test func `one that carries a message says its number; a broken one is a notice`() throws {
    let record = MessageRecord(stored: Array(#"{"from":"messi","msg":"a =2 b  c"}"#.utf8))
    let carried = NodeMessage(#"mail arini =17 {"from":"messi","msg":"a =2 b  c"}"#)
    #expect(carried == .message(record, sequence: 17, to: try name("arini")))
    for broken in ["=-1", "=", "=x", "=99999999999999999999", "17"] {
      guard case .mail(let users) = NodeMessage("mail arini \(broken) {}") else {
        Issue.record("\(broken) is taken for a number")
        continue
      }
      #expect(users.first == (try name("arini")))
    }
  }

  @Test func `a version is published once, and noted with the node`() async throws {
    try await withRedis { server, redis in
      let listener = try await server.subscriber(to: "kabar:presence")
      func heard() -> [String] { listener.text.components(separatedBy: "\n").filter { $0.hasPrefix("a-1 ") } }

      #expect(try await !redis.perform(Presence.announce(changes("+arini"), version: 1, by: a)), "never joined")
      #expect(try await redis.perform(Presence.version(of: a)) == .some(nil))
      try await redis.join(a)
      #expect(try await redis.perform(Presence.version(of: a)) == 0)
      for _ in 0..<3 { #expect(try await redis.perform(Presence.announce(changes("+arini"), version: 1, by: a))) }
      #expect(try await redis.perform(Presence.announce(changes("*arini -messi"), version: 2, by: a)))
      #expect(try await redis.perform(Presence.announce(changes("+arini"), version: 1, by: a)), "late")
      #expect(try await redis.perform(Presence.version(of: a)) == 2)

      try await redis.endLease(of: a)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0, "by a second reaper")
      #expect(try await !redis.perform(Presence.announce(changes("+arini"), version: 3, by: a)), "removed")
      #expect(try await redis.perform(Presence.version(of: a)) == .some(nil))
      let all = ["a-1 1 +arini", "a-1 2 *arini -messi", "a-1 gone"]
      let arrived = await eventually { heard().count >= all.count }
      #expect(arrived)
      #expect(heard() == all)
    }
  }

  @Test func `the end of a removal is announced, not its beginning`() async throws {
    try await withRedis { server, redis in
      let listener = try await server.subscriber(to: "kabar:presence")
      try await redis.join(a)
      _ = try await redis.set(try (1...600).map { (try name("u\($0)"), 1) }, on: a)
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 100)
      #expect(try await !redis.perform(Presence.announce(changes("+u1"), version: 1, by: a)), "fenced")
      try await redis.run("PUBLISH kabar:presence between")
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 0)
      let gone = await eventually { listener.text.contains("a-1 gone") }
      #expect(gone)
      let order = listener.text.components(separatedBy: "\n").filter { $0 == "between" || $0.hasPrefix("a-1") }
      #expect(order == ["between", "a-1 gone"])
    }
  }

  @Test func `a reader finds who is on a node, and who listens`() async throws {
    try await withRedis { _, redis in
      try await redis.join(a)
      let users: [(AccountName, UserPresence?)] = [
        (try name("arini"), UserPresence(connections: 2, listeners: 1)),
        (try name("messi"), UserPresence(connections: 1, listeners: 0)),
        (try name("lineker"), UserPresence(connections: 0, listeners: 0)), (try name("henderson"), nil),
      ]
      #expect(try await redis.perform(Presence.set(users, on: a, report: 1)))
      #expect(
        try await redis.texts("HMGET kabar:node:a-1:users arini messi lineker") == ["2/1", "1/0", "0/0"])
      try await redis.run("HSET kabar:node:a-1:users No!Name 1/1 old 3")
      let read = try await redis.perform(Presence.users(of: a))
      let expected: [AccountName: PresenceState] = [
        try name("arini"): .listening, try name("messi"): .active, try name("lineker"): .active,
        try name("old"): .active,
      ]
      #expect(read == expected)
      #expect(try await redis.perform(Presence.users(of: NodeID("b-1"))) == [:])
      #expect(try await redis.perform(Presence.nodes) == [a])
    }
  }
}

extension NodeMessage {
  fileprivate init?(_ payload: String) { self.init(Array(payload.utf8)) }
}
