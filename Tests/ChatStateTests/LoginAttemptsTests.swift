// Owns: proof of how wrong passwords are counted, in a real Redis.
// Must never: wait for minutes: it moves the ends of waits instead.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct LoginAttemptsTests {
  private let here = LoginSource(address: "192.0.2.1")
  private let there = LoginSource(address: "192.0.2.2")
  private let limits = GuessLimits(perAccount: 3)
  private let key = "kabar:attempts:192.0.2.1"

  private func wrong(_ user: String, _ redis: RedisHandle) async throws -> Int {
    try await redis.perform(LoginAttempts.noteWrong(try name(user), from: here, limits)).wait
  }

  private func ask(_ user: String, from source: LoginSource, _ redis: RedisHandle) async throws -> LoginStanding {
    try await redis.perform(LoginAttempts.ask(try name(user), from: source, limits))
  }

  @Test func `the first failures are free, then each doubles the wait, up to five minutes`() async throws {
    try await withRedis { _, redis in
      #expect(try await ask("arini", from: here, redis).isStranger)
      #expect(try await redis.run("EXISTS \(key)") == .integer(0), "asking counts nothing")
      #expect(try await wrong("arini", redis) == 0)
      #expect(try await wrong("arini", redis) == 0)
      for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let wait = try await wrong("arini", redis)
        #expect((seconds * 1000 - 500...seconds * 1000).contains(wait), "\(seconds)")
        // As if it had waited.
        let failures = try await ask("arini", from: here, redis).failures
        try await redis.run("HDEL \(key) *")
        _ = try await redis.send(RedisCommand("HSET", .text(key), "arini", .text("\(failures) 0")))
      }
    }
  }

  @Test func `who waits for one account is known by the account, and by where it comes from`() async throws {
    try await withRedis { _, redis in
      for _ in 1...3 { _ = try await wrong("arini", redis) }
      #expect(try await ask("arini", from: here, redis).wait > 0)
      #expect(try await ask("arini", from: there, redis).isStranger, "nobody locks another out")
      #expect(try await ask("messi", from: here, redis).isStranger, "they may share the address")
    }
  }

  @Test func `many accounts tried from one address make it wait for all`() async throws {
    try await withRedis { _, redis in
      for number in 1..<limits.perSource {
        let wait = try await wrong("user\(number)", redis)
        #expect(wait == 0, "\(number)")
      }
      #expect(try await ask("arini", from: here, redis).isStranger)
      #expect(try await wrong("user", redis) > 0)
      #expect(try await ask("arini", from: here, redis).wait > 0)
      #expect(try await ask("arini", from: there, redis).isStranger)
    }
  }

  @Test func `a right password forgets the slips with its account alone`() async throws {
    try await withRedis { _, redis in
      for _ in 1...2 {
        _ = try await wrong("arini", redis)
        _ = try await wrong("messi", redis)
      }
      #expect(try await redis.perform(LoginAttempts.noteRight(try name("arini"), from: here, limits)).failures == 0)
      #expect(try await ask("messi", from: here, redis).failures == 2)
      #expect(try await redis.texts("HMGET \(key) *") == ["4 0"], "a guesser with an account of his own stays counted")
    }
  }

  @Test func `an address that somebody has logged in from is known for a week, on all nodes`() async throws {
    try await withRedis { _, redis in
      _ = try await wrong("arini", redis)
      #expect(try await ask("messi", from: here, redis).isKnown == false, "a failure makes nobody known")
      _ = try await redis.perform(LoginAttempts.noteRight(try name("arini"), from: here, limits))
      let known = try await ask("messi", from: here, redis)
      #expect(known.isKnown && !known.isWorthNoting)
      #expect((LoginAttempts.knownLife - 10_000...LoginAttempts.knownLife).contains(known.known))
      #expect(try await ask("arini", from: there, redis).isStranger)
      try await redis.run("PEXPIRE kabar:known:192.0.2.1 \(LoginAttempts.knownLife / 2 - 1000)")
      #expect(try await ask("messi", from: here, redis).isWorthNoting)
    }
  }

  @Test func `an address takes a bounded amount of memory, and none after an hour`() async throws {
    try await withRedis { _, redis in
      for number in 1...300 { _ = try await wrong("user\(number)", redis) }
      #expect(try await redis.run("HLEN \(key)") == .integer(101))
      #expect(try await redis.texts("HMGET \(key) *").first?.hasPrefix("300 ") == true)
      let life = try #require(try await redis.run("PTTL \(key)").integer)
      #expect((LoginAttempts.life - 10_000...LoginAttempts.life).contains(life))
      let memory = try #require(try await redis.run("MEMORY USAGE \(key)").integer)
      #expect(memory < 16_384, "\(memory)")
    }
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"), ("::1", "::/64"), ("", "unknown"), ("/tmp/socket", "unknown"),
    ("192.0.2.1 ", "unknown"),
  ])
  func `a source is an IPv4 address or the first half of an IPv6 address`(address: String, source: String) {
    #expect(LoginSource(address: address).description == source)
    #expect(LoginSource(source)?.description == source)
  }

  @Test(arguments: ["", "192.0.2.01", "2001:db8::1", "2001:DB8::/64", "2001:db8::1/64", "192.0.2.1/64", "x"])
  func `a text that no source has is none`(text: String) { #expect(LoginSource(text) == nil) }

  @Test func `a password is replaced only while it is the one that was checked`() async throws {
    try await withRedis { _, redis in
      let arini = try name("arini")
      #expect(try await !redis.perform(Accounts.replacePassword(of: arini, from: "old", to: "new")))
      #expect(try await redis.run("DBSIZE") == .integer(0))
      try await redis.run("HSET kabar:{u:arini}:account password old")
      #expect(try await redis.perform(Accounts.replacePassword(of: arini, from: "old", to: "new")))
      #expect(try await redis.perform(Accounts.replacePassword(of: arini, from: "old", to: "new")), "repeated")
      #expect(try await !redis.perform(Accounts.replacePassword(of: arini, from: "old", to: "other")))
      #expect(try await redis.texts("HMGET kabar:{u:arini}:account password") == ["new"])
    }
  }
}

extension LoginStanding {
  /// Nothing is known of the address, neither good nor bad.
  fileprivate var isStranger: Bool { wait == 0 && failures == 0 && !isKnown }
}
