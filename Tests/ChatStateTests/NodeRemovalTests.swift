// Owns: how a node's users leave the active set when it dies or leaves.
// Must never: lose a user who is elsewhere, nor leave one who is nowhere.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct NodeRemovalTests {
  private let a = NodeID("a-1")
  private let b = NodeID("b-1")

  /// A node with these users, one connection each.
  private func add(_ node: NodeID, _ users: [AccountName], _ redis: RedisHandle) async throws {
    try await redis.join(node)
    #expect(try await redis.set(users.map { ($0, 1) }, on: node))
  }

  private func users(_ count: Int) throws -> [AccountName] { try (1...count).map { try name("u\($0)") } }

  @Test func `a node whose lease runs stays, unless it leaves by itself`() async throws {
    try await withRedis { _, redis in
      try await add(a, users(3), redis)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) < 0)
      #expect(try await redis.run("ZCARD kabar:active") == .integer(3))
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 0)
      #expect(try await redis.run("DBSIZE") == .integer(0), "nothing of it is left")
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 0, "again")
    }
  }

  @Test func `a dead node's users go, those on other nodes stay`() async throws {
    try await withRedis { _, redis in
      try await add(a, users(4), redis)
      try await add(b, users(2), redis)
      try await redis.endLease(of: a)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await redis.active() == ["u1", "1", "u2", "1"])
      #expect(try await redis.texts("ZRANGE kabar:nodes 0 -1") == ["b-1"])
      #expect(try await redis.run("EXISTS kabar:node:a-1 kabar:node:a-1:users") == .integer(0))
      #expect(try await redis.run("EXISTS kabar:node:b-1 kabar:node:b-1:users") == .integer(2))
    }
  }

  @Test func `1,200 users go in batches, begun by one peer and finished by another`() async throws {
    try await withRedis { _, redis in
      try await add(a, users(1200), redis)
      try await add(b, users(10), redis)
      try await redis.endLease(of: a)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 700)
      // The first peer dies here. The next to renew is told of the node, and goes on where the other stopped.
      #expect(try await redis.perform(Presence.renew(b, joiningAs: nil))?.ended == [a])
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 200)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0, "a second reaper, late")
      let scores = try await redis.active()
      #expect(scores.count == 20 && scores.enumerated().allSatisfy { $0 % 2 == 0 || $1 == "1" })
      #expect(try await redis.texts("ZRANGE kabar:nodes 0 -1") == ["b-1"])
    }
  }

  /// Some of its users have left already: if it went on, they would be missing from the active set.
  @Test func `a node that comes back while it is being removed finds itself fenced`() async throws {
    try await withRedis { _, redis in
      let everybody = try users(600)
      try await add(a, everybody, redis)
      try await redis.endLease(of: a)
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 100)
      #expect(try await redis.perform(Presence.renew(a, joiningAs: nil)) == .some(nil))
      #expect(try await !redis.set([(everybody[0], 2)], on: a))
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await redis.run("DBSIZE") == .integer(0))
    }
  }

  @Test func `a node that leaves is fenced from its first batch on`() async throws {
    try await withRedis { _, redis in
      let everybody = try users(501)
      try await add(a, everybody, redis)
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 1)
      #expect(try await !redis.set([(everybody[0], 1)], on: a), "a report that was under way")
      // It was killed before it had finished: a peer finishes.
      try await redis.join(b)
      #expect(try await redis.perform(Presence.renew(b, joiningAs: nil))?.ended == [a])
      #expect(try await redis.perform(Presence.remove(a, leaving: false)) == 0)
      #expect(try await redis.run("EXISTS kabar:active") == .integer(0))
    }
  }

  @Test func `a node can leave while Redis is at its memory limit`() async throws {
    try await withRedis { server, redis in
      try await add(a, users(600), redis)
      #expect(try server.command("CONFIG SET maxmemory 1") == "+OK")
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 100)
      #expect(try await redis.perform(Presence.remove(a, leaving: true)) == 0)
      #expect(try await redis.run("DBSIZE") == .integer(0))
    }
  }
}
