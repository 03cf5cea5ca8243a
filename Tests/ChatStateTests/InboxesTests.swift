// Owns: confirming messages in a real Redis.
// Must never: let a message go that was not confirmed.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct InboxesTests {
  private let key = "kabar:{u:arini}:inbox"

  private func confirm(_ sequence: Int, _ mark: String, _ redis: RedisHandle) async throws -> Bool {
    let message = MessagePlace(sequence: sequence, mark: Array(mark.utf8))
    return try await redis.perform(Inboxes.confirm(of: name("arini"), message)) != nil
  }

  private func list(_ redis: RedisHandle) async throws -> [String] { try await redis.texts("LRANGE \(key) 0 -1") }

  @Test func `what is confirmed leaves the list, and the count stays`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(key) 40 m41 m42 m43")
      #expect(try await confirm(42, "m42", redis))
      #expect(try await list(redis) == ["42", "m43"])
      // Again: a repetition finds it done and takes nothing more.
      #expect(try await confirm(42, "m42", redis))
      #expect(try await confirm(41, "m41", redis))
      #expect(try await list(redis) == ["42", "m43"])
      #expect(
        try await redis.append(Array("m44".utf8), to: name("arini"))
          == .stored(length: 3))
      #expect(try await confirm(44, "m44", redis))
      #expect(try await list(redis) == ["44"])
      #expect(
        try await redis.append(Array("m45".utf8), to: name("arini"))
          == .stored(length: 2))
    }
  }

  @Test func `a message is published with its number when it is stored, and only then`() async throws {
    try await withRedis { server, redis in
      let listener = try await server.subscriber(to: "kabar:node:a-1")
      func deliver(_ record: String) async throws -> AppendOutcome? {
        let command = Inboxes.deliver(Array(record.utf8), to: try name("arini"), on: NodeID("a-1"))
        return try Inboxes.outcome(of: .success(try await redis.send(command))).get()
      }
      #expect(try await deliver("m0") == .noSuchAccount)
      // A number beyond 2^31, which Lua must not round or write with an exponent.
      try await redis.run("RPUSH \(key) 9007199254740000")
      #expect(try await deliver("m1 \"b\"") == .stored(length: 2))
      // Behind one that waits, the node must read: it may not have shown that one.
      #expect(try await deliver("m2") == .stored(length: 3))
      // An element 0 that is no number: stored all the same.
      try await redis.run("DEL \(key)")
      try await redis.run("RPUSH \(key) what")
      #expect(try await deliver("m3") == .stored(length: 2))
      #expect(try await list(redis) == ["what", "m3"])
      func notices() -> [Substring] { listener.text.split(separator: "\n").filter { $0.hasPrefix("mail") } }
      let isHeard = await eventually { notices().count >= 3 }
      #expect(isHeard)
      #expect(notices() == ["mail arini =9007199254740001 m1 \"b\"", "mail arini", "mail arini"])
    }
  }

  @Test func `a mark is a piece of the element, taken literally`() async throws {
    try await withRedis { _, redis in
      try await redis.run(#"RPUSH \#(key) 0 {"id":"a.c%d[x]-+*?^$"} {"id":"abc"}"#)
      #expect(try await !confirm(2, #""id":"a.c""#, redis))
      #expect(try await confirm(1, #""id":"a.c%d[x]-+*?^$""#, redis))
      #expect(try await list(redis) == ["1", #"{"id":"abc"}"#])
    }
  }

  @Test func `a list that has changed under the reader loses nothing`() async throws {
    try await withRedis { _, redis in
      #expect(try await !confirm(1, "m1", redis), "no list")
      #expect(try await redis.run("EXISTS \(key)") == .integer(0))
      try await redis.run("RPUSH \(key) 0 m1 m2")
      #expect(try await !confirm(2, "m1", redis), "another message")
      #expect(try await !confirm(3, "m2", redis), "beyond the end")
      #expect(try await list(redis) == ["0", "m1", "m2"])
      try await redis.run("LSET \(key) 0 what")
      #expect(try await !confirm(1, "m1", redis), "a first element that is no count")
      #expect(try await list(redis) == ["what", "m1", "m2"])
    }
  }

  @Test func `users can confirm while Redis is at its memory limit`() async throws {
    try await withRedis { server, redis in
      try await redis.run("RPUSH \(key) 999998 m999999 m1000000 m1000001")
      #expect(try server.command("CONFIG SET maxmemory 1") == "+OK")
      let refused = try await redis.send(appendCommand(Array("x".utf8), to: name("arini")))
      guard case .error(let error) = refused else {
        Issue.record("Redis is not at its limit: \(refused)")
        return
      }
      #expect(error.kind == .outOfMemory)
      #expect(try await confirm(1_000_000, "m1000000", redis))
      #expect(try await list(redis) == ["1000000", "m1000001"])
    }
  }
}
