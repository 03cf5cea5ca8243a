// Owns: the steps of a block in a real Redis, each by itself: what a crash between two of them leaves.
// Must never: test what nodes make of it (ScenarioTests do).
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct BlocksTests {
  private let arini = AccountName("arini")
  private let lineker = AccountName("lineker")

  @Test func `a block is listed first, then in force, and taken back the other way round`() async throws {
    try await withRedis { _, redis in
      let (arini, lineker) = (try #require(arini), try #require(lineker))
      for name in [arini, lineker] { try await redis.run("HSET kabar:{u:\(name)}:account name x") }
      // Each step twice: nothing that is repeated changes anything.
      for _ in 1...2 { #expect(try await redis.perform(Blocks.list(lineker, blockedBy: arini)) == .listed) }
      #expect(try await redis.perform(Blocks.names(blockedBy: arini)) == [lineker])
      #expect(try await !redis.perform(Blocks.isBlocked(lineker, by: arini)), "listed, not in force")
      for _ in 1...2 { #expect(try await redis.perform(Blocks.enforce(lineker, blockedBy: arini))) }
      #expect(try await redis.perform(Blocks.isBlocked(lineker, by: arini)))
      #expect(try await !redis.perform(Blocks.isBlocked(arini, by: lineker)), "one way only")
      #expect(try await redis.perform(Blocks.blockers(of: lineker, limit: 10)) == [arini])
      for _ in 1...2 { try await redis.perform(Blocks.lift(lineker, blockedBy: arini)) }
      #expect(try await !redis.perform(Blocks.isBlocked(lineker, by: arini)))
      #expect(try await redis.perform(Blocks.names(blockedBy: arini)) == [lineker], "its owner can still see it")
      for _ in 1...2 { try await redis.perform(Blocks.unlist(lineker, blockedBy: arini)) }
      #expect(try await redis.texts("KEYS *block*") == [])
    }
  }

  @Test func `only accounts block and are blocked`() async throws {
    try await withRedis { _, redis in
      let (arini, lineker) = (try #require(arini), try #require(lineker))
      #expect(try await redis.perform(Blocks.list(lineker, blockedBy: arini)) == .noAccount)
      #expect(try await !redis.perform(Blocks.enforce(lineker, blockedBy: arini)))
      #expect(try await redis.run("DBSIZE") == .integer(0))
    }
  }

  @Test func `a user blocks at most a thousand, and one of them again`() async throws {
    try await withRedis { _, redis in
      let (arini, lineker) = (try #require(arini), try #require(lineker))
      try await redis.run("HSET kabar:{u:arini}:account name x")
      for number in 1..<ProtocolLimits.blockedUsers { try await redis.run("ZADD kabar:{u:arini}:blocked 0 u\(number)") }
      #expect(try await redis.perform(Blocks.list(lineker, blockedBy: arini)) == .listed)
      #expect(try await redis.perform(Blocks.list(name("messi"), blockedBy: arini)) == .full)
      #expect(try await redis.perform(Blocks.list(lineker, blockedBy: arini)) == .listed)
      #expect(try await redis.perform(Blocks.names(blockedBy: arini)).count == 1000)
      #expect(try await redis.perform(Blocks.blockers(of: lineker, limit: 3)) == [])
    }
  }

  @Test func `who has too many blockers is told of a bounded number`() async throws {
    try await withRedis { _, redis in
      let lineker = try #require(lineker)
      for number in 10..<20 { try await redis.run("ZADD kabar:{u:lineker}:blockers 0 u\(number)") }
      #expect(
        try await redis.perform(Blocks.blockers(of: lineker, limit: 3)).map(\.description) == ["u10", "u11", "u12"])
    }
  }
}
