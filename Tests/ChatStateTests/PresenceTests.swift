// Owns: leases and active users in a real Redis.
// Must never: wait for a lease to end: it moves the end instead.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

extension RedisHandle {
  /// Makes a node a member.
  func join(_ node: NodeID) async throws {
    #expect(try await perform(Presence.renew(node, joiningAs: [("name", "n"), ("pid", "1")])) != nil)
  }

  /// Makes users present on a node, with this many connections each; 0: not there any more.
  func set(_ users: [(AccountName, Int)], on node: NodeID) async throws -> Bool {
    let users = users.map { ($0, $1 == 0 ? nil : UserPresence(connections: $1, listeners: 0)) }
    return try await perform(Presence.set(users, on: node, report: 1))
  }

  /// As if the node had not been heard of for a lease.
  func endLease(of node: NodeID) async throws {
    #expect(try await run("ZADD kabar:nodes XX CH 1 \(node)") == .integer(1))
  }

  /// The active set with its scores, flat.
  func active() async throws -> [String] { try await texts("ZRANGE kabar:active 0 -1 WITHSCORES") }
}

@Suite struct PresenceTests {
  private let a = NodeID("a-1")
  private let b = NodeID("b-1")

  @Test func `a node joins, renews, and is told whose lease has ended`() async throws {
    try await withRedis { _, redis in
      #expect(try await redis.perform(Presence.renew(a, joiningAs: nil)) == .some(nil), "never joined")
      #expect(try await redis.run("EXISTS kabar:nodes") == .integer(0))
      #expect(try await redis.perform(Presence.renew(a, joiningAs: [("name", "n")]))?.nodes == [a])
      #expect(try await redis.perform(Presence.renew(a, joiningAs: nil))?.ended == [])
      try await redis.join(b)
      #expect(try await redis.perform(Presence.renew(a, joiningAs: nil))?.ended == [])
      try await redis.endLease(of: b)
      let renewal = try #require(try await redis.perform(Presence.renew(a, joiningAs: nil)) as Presence.Renewal?)
      #expect(renewal.ended == [b] && renewal.nodes == [b, a])
      // A lease that has ended but was not taken is renewed.
      #expect(try await redis.perform(Presence.renew(b, joiningAs: nil))?.ended == [])
      #expect(try await redis.perform(Presence.remove(b, leaving: true)) == 0)
      #expect(try await redis.perform(Presence.renew(b, joiningAs: nil)) == .some(nil))
    }
  }

  @Test func `a lease ends six seconds from now, by the clock of Redis`() async throws {
    try await withRedis { _, redis in
      func now() async throws -> Int {
        let time = try await redis.texts("TIME").compactMap { Int($0) }
        return time[0] * 1000 + time[1] / 1000
      }
      let before = try await now()
      try await redis.join(a)
      let after = try await now()
      let end = try #require(try await redis.run("ZSCORE kabar:nodes \(a)").integer)
      #expect((before + 6000...after + 6000).contains(end))
    }
  }

  @Test func `connections are absolute: a repetition changes nothing`() async throws {
    try await withRedis { _, redis in
      try await redis.join(a)
      let (arini, messi) = (try name("arini"), try name("messi"))
      for _ in 0..<3 { #expect(try await redis.set([(arini, 2), (messi, 1)], on: a)) }
      #expect(try await redis.active() == ["arini", "1", "messi", "1"])
      #expect(try await redis.texts("HMGET kabar:node:a-1:users arini messi") == ["2/0", "1/0"])
      for _ in 0..<3 { #expect(try await redis.set([(messi, 0)], on: a)) }
      #expect(try await redis.active() == ["arini", "1"])
      #expect(try await redis.run("HLEN kabar:node:a-1:users") == .integer(1))
      #expect(try await redis.set([], on: a))
    }
  }

  @Test func `a user on two nodes is active until the last of them`() async throws {
    try await withRedis { _, redis in
      let arini = try name("arini")
      for node in [a, b] {
        try await redis.join(node)
        #expect(try await redis.set([(arini, 1)], on: node))
      }
      #expect(try await redis.active() == ["arini", "2"])
      #expect(try await redis.set([(arini, 0)], on: a))
      #expect(try await redis.active() == ["arini", "1"])
      #expect(try await redis.set([(arini, 0)], on: b))
      #expect(try await redis.run("EXISTS kabar:active") == .integer(0))
    }
  }

  @Test func `a node that was removed can't report`() async throws {
    try await withRedis { _, redis in
      let arini = try name("arini")
      #expect(try await !redis.set([(arini, 1)], on: a), "never joined")
      try await redis.join(a)
      try await redis.endLease(of: a)
      #expect(try await redis.set([(arini, 1)], on: a), "late, but not removed")
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await !redis.set([(arini, 1)], on: a))
      #expect(try await redis.run("DBSIZE") == .integer(0))
    }
  }

  @Test func `each life of a node has a name of its own`() {
    let ids = Set((0..<100).map { _ in NodeID(newIncarnationOf: "n1").description })
    #expect(ids.count == 100)
    #expect(ids.allSatisfy { $0.hasPrefix("n1-") && $0.utf8.count == 11 })
  }
}
