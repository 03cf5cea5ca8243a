// Owns: what the account requests do to a real Redis.
// Must never: hash a password.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct AccountsTests {
  private let created = Timestamp(milliseconds: 1_795_363_445_006)

  @Test func `an account is added once`() async throws {
    try await withRedis { _, redis in
      let arini = try name("arini")
      let one = try #require(DisplayName("Arini"))
      let two = try #require(DisplayName("Somebody Else"))
      #expect(try await redis.perform(Accounts.add(arini, display: one, passwordHash: "h1", at: created)))
      #expect(try await !redis.perform(Accounts.add(arini, display: two, passwordHash: "h2", at: created)))
      #expect(
        try await redis.texts("HGETALL kabar:{u:arini}:account")
          == ["name", "Arini", "password", "h1", "created", "2026-11-22T16:04:05.006Z"])
      #expect(try await redis.texts("LRANGE kabar:{u:arini}:inbox 0 -1") == ["0"])
      let found = try #require(try await redis.perform(Accounts.credentials(of: arini)))
      #expect(found.display == "Arini" && found.passwordHash == "h1")
      #expect(try await redis.perform(Accounts.credentials(of: name("messi"))) == nil)
    }
  }

  @Test func `messages that wait under the name are kept`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH kabar:{u:arini}:inbox 41 message")
      let display = try #require(DisplayName("Arini"))
      #expect(try await redis.perform(Accounts.add(name("arini"), display: display, passwordHash: "h", at: created)))
      #expect(try await redis.texts("LRANGE kabar:{u:arini}:inbox 0 -1") == ["41", "message"])
    }
  }

  @Test func `a password is set only where there is an account`() async throws {
    try await withRedis { _, redis in
      let arini = try name("arini")
      #expect(try await !redis.perform(Accounts.setPassword(of: arini, hash: "h")))
      #expect(try await redis.run("DBSIZE") == .integer(0))
      let display = try #require(DisplayName("Arini"))
      _ = try await redis.perform(Accounts.add(arini, display: display, passwordHash: "h1", at: created))
      #expect(try await redis.perform(Accounts.setPassword(of: arini, hash: "h2")))
      #expect(try await redis.perform(Accounts.credentials(of: arini))?.passwordHash == "h2")
      #expect(try await redis.run("HLEN kabar:{u:arini}:account") == .integer(3))
    }
  }

  @Test func `the index is read page by page`() async throws {
    try await withRedis { _, redis in
      for text in ["c", "a", "b", "a-1", "a"] { try await redis.perform(Accounts.enterInIndex(name(text))) }
      #expect(try await redis.perform(Accounts.names(after: nil, limit: 2)) == ["a", "a-1"])
      #expect(try await redis.perform(Accounts.names(after: "a-1", limit: 2)) == ["b", "c"])
      #expect(try await redis.perform(Accounts.names(after: "c", limit: 2)) == [])
      try await redis.perform(Accounts.removeFromIndex(name("b")))
      #expect(try await redis.perform(Accounts.names(after: nil, limit: 9)) == ["a", "a-1", "c"])
    }
  }

  @Test func `a removed account leaves nothing, and its inbox takes no more`() async throws {
    try await withRedis { _, redis in
      let (arini, display) = (try name("arini"), try #require(DisplayName("Arini")))
      #expect(
        try await redis.append(Array("x".utf8), to: arini) == .noSuchAccount
      )
      _ = try await redis.perform(Accounts.add(arini, display: display, passwordHash: "h", at: created))
      #expect(
        try await redis.append(Array("x".utf8), to: arini)
          == .stored(length: 2))
      #expect(try await redis.perform(Accounts.remove(arini)))
      #expect(try await !redis.perform(Accounts.remove(arini)))
      #expect(
        try await redis.append(Array("x".utf8), to: arini) == .noSuchAccount
      )
      #expect(try await redis.run("DBSIZE") == .integer(0))
    }
  }
}
