// Owns: the life of a session in a real Redis.
// Must never: wait for hours: it moves the end of life instead.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct SessionsTests {
  private let now = Timestamp(milliseconds: 1_795_363_445_006)
  private let later = Timestamp(milliseconds: 1_795_363_446_000)

  private func open(_ redis: RedisHandle) async throws -> Session {
    let session = Session(id: SessionID(of: .random()), user: try name("arini"), display: "Arini \"A\"")
    try await redis.perform(Sessions.open(session, node: NodeID("n-1"), address: "127.0.0.1", at: now))
    return session
  }

  private func life(_ session: Session, _ redis: RedisHandle) async throws -> Int {
    try #require(try await redis.run("PTTL kabar:session:\(session.id)").integer)
  }

  @Test func `a session is opened, used and ended`() async throws {
    try await withRedis { _, redis in
      let session = try await open(redis)
      let key = "kabar:session:\(session.id)"
      #expect(
        try await redis.texts("HMGET \(key) user name node address created seen") == [
          "arini", "Arini \"A\"", "n-1", "127.0.0.1", now.description, now.description,
        ])
      #expect(try await redis.perform(Sessions.use(session.id, at: later)) == session)
      #expect(try await redis.texts("HMGET \(key) created seen") == [now.description, later.description])
      try await redis.perform(Sessions.end(session.id))
      #expect(try await redis.perform(Sessions.use(session.id, at: later)) == nil)
      try await redis.perform(Sessions.end(session.id))
      #expect(try await redis.run("DBSIZE") == .integer(0), "a session that has ended is not made anew by its use")
    }
  }

  @Test func `each use starts its 24 hours again`() async throws {
    try await withRedis { _, redis in
      let session = try await open(redis)
      let day = 24 * 3600 * 1000
      #expect((day - 60_000...day).contains(try await life(session, redis)))
      try await redis.run("PEXPIRE kabar:session:\(session.id) 60000")
      _ = try await redis.perform(Sessions.use(session.id, at: later))
      #expect((day - 60_000...day).contains(try await life(session, redis)))
      try await redis.run("PEXPIRE kabar:session:\(session.id) 1")
      try await Task.sleep(for: .milliseconds(5))
      #expect(try await redis.perform(Sessions.use(session.id, at: later)) == nil)
    }
  }

  /// Otherwise nobody could read, and so confirm, what fills the memory.
  @Test func `a session can be used while Redis is at its memory limit`() async throws {
    try await withRedis { server, redis in
      let session = try await open(redis)
      #expect(try server.command("CONFIG SET maxmemory 1") == "+OK")
      await #expect(throws: RedisServerError.self) { try await redis.run("SET other 1") }
      #expect(try await redis.perform(Sessions.use(session.id, at: later)) == session)
      #expect(try await redis.texts("HMGET kabar:session:\(session.id) seen") == [later.description])
    }
  }

  @Test func `at a login the index of a user's sessions forgets those that are past`() async throws {
    try await withRedis { _, redis in
      let (old, new) = (try await open(redis), try await open(redis))
      try await redis.run("HSET kabar:{u:\(old.user)}:account password h")
      #expect(try await redis.perform(Sessions.enterInIndex(old, at: now)))
      let before = Timestamp(milliseconds: now.milliseconds + Int64(Sessions.life) - 1)
      #expect(try await redis.perform(Sessions.enterInIndex(new, at: before)))
      #expect(try await redis.perform(Sessions.ids(of: old.user)) == [old.id, new.id])
      let dayAfter = Timestamp(milliseconds: before.milliseconds + 1)
      let excess = try await redis.perform(Sessions.enterNew(new, passwordHash: "h", limit: 0, at: dayAfter))
      #expect(excess == [])
      #expect(try await redis.perform(Sessions.ids(of: old.user)) == [new.id])
      try await redis.perform(Sessions.removeFromIndex(new.id, user: new.user))
      #expect(try await redis.perform(Sessions.ids(of: old.user)) == [])
    }
  }

  @Test func `at too many sessions the one unused for longest ends, not the one opened first`() async throws {
    try await withRedis { _, redis in
      var sessions: [Session] = []
      for _ in 0..<4 { sessions.append(try await open(redis)) }
      try await redis.run("HSET kabar:{u:arini}:account password h")
      func enter(_ index: Int, second: Int64) async throws -> [SessionID]? {
        let at = Timestamp(milliseconds: now.milliseconds + second * 1000)
        return try await redis.perform(Sessions.enterNew(sessions[index], passwordHash: "h", limit: 3, at: at))
      }
      for index in 0..<3 { #expect(try await enter(index, second: Int64(index)) == []) }
      let used = Timestamp(milliseconds: now.milliseconds + 10_000)
      #expect(try await redis.perform(Sessions.enterInIndex(sessions[0], at: used)))
      #expect(try await enter(3, second: 20) == [sessions[1].id])
    }
  }

  @Test func `a session does not count when its account is gone, disabled, or has another password`() async throws {
    try await withRedis { _, redis in
      let session = try await open(redis)
      let account = "kabar:{u:\(session.user)}:account"
      #expect(try await !redis.perform(Sessions.enterInIndex(session, at: now)), "no account")
      try await redis.run("HSET \(account) password old")
      #expect(try await redis.perform(Sessions.enterInIndex(session, passwordHash: "old", at: now)))
      try await redis.run("HSET \(account) password new")
      #expect(
        try await !redis.perform(Sessions.enterInIndex(session, passwordHash: "old", at: now)), "changed meanwhile")
      #expect(try await redis.perform(Sessions.enterInIndex(session, at: now)))
      try await redis.run("HSET \(account) disabled now")
      #expect(try await !redis.perform(Sessions.enterInIndex(session, at: now)), "disabled")
    }
  }

  @Test func `an ended session is gone`() async throws {
    try await withRedis { _, redis in
      let session = try await open(redis)
      #expect(try await redis.perform(Sessions.exists(session.id)))
      try await redis.perform(Sessions.end(session.id))
      try await redis.perform(Sessions.end(session.id))
      #expect(try await !redis.perform(Sessions.exists(session.id)))
      #expect(try await redis.perform(Sessions.use(session.id, at: later)) == nil)
    }
  }

  @Test func `a session's id is the digest of its token, and leads not back`() throws {
    let token = try #require(SessionToken("0f8fad5b-d9cb-469f-a165-70867728950e"))
    let id = SessionID(of: token)
    #expect(id.description == "c812e1edb64417d6090dcfbaf16c21cd8e8665c04396e1edb472fecfb2797c6a")
    #expect(SessionID(id.description) == id)
    #expect(ControlMessage("logout \(id)") == .logout(id))
    #expect(ControlMessage(ControlMessage.logout(id).description) == .logout(id))
    let name = try name("arini")
    #expect(ControlMessage("blocks arini") == .blocks(name) && "\(ControlMessage.blocks(name))" == "blocks arini")
    for text in ["", "blocks", "blocks -x", "blocks a b", "logout", "logout x", "login \(id)", "logout \(id) x"] {
      #expect(ControlMessage(text) == nil)
    }
    #expect(SessionID(String(id.description.dropLast())) == nil)
    #expect(SessionID(of: .random()) != SessionID(of: .random()))
  }
}
