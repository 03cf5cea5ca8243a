// Owns: places that read one inbox beside each other in a real Redis: what each gets, and when a message goes.
// Must never: let a message go before every place has it, or wait for ever for one that is gone.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct FeedsTests {
  private let list = "kabar:{u:arini}:inbox"
  private let reading = "kabar:{u:arini}:reading"

  /// A call of a place; `after` with its mark as the test's lists have it: `m7` is message 7.
  private func call(
    _ place: String, at position: Int?, after: Int? = nil, mark: String? = nil, wanted: Int = 0,
    confirming confirmed: Int? = nil, _ redis: RedisHandle
  ) async throws -> FeedAnswer? {
    let behind = after.map { MessagePlace(sequence: $0, mark: Array((mark ?? "m\($0)").utf8)) }
    let message = confirmed.map { MessagePlace(sequence: $0, mark: Array("m\($0)".utf8)) }
    let call = FeedCall(place: place, position: position, after: behind, wanted: wanted)
    return try await redis.perform(Inboxes.advance(of: name("arini"), confirming: message, call))
  }

  private func texts(_ answer: FeedAnswer?) -> [String]? {
    answer?.records.map { String(decoding: $0.text.utf8, as: UTF8.self) }
  }

  @Test func `a place reads on behind what it has`() async throws {
    try await withRedis { _, redis in
      #expect(try await call("p", at: 0, wanted: 10, redis) == nil, "no account")
      try await redis.run("RPUSH \(list) 40 m41 m42 m43")
      let first = try #require(try await call("p", at: 0, wanted: 2, redis))
      #expect(first.after == 40 && first.confirmed == 40 && first.shown == 0)
      #expect(texts(first) == ["\"m41\"", "\"m42\""])
      let second = try #require(try await call("p", at: 42, after: 42, wanted: 2, redis))
      #expect(second.after == 42 && second.shown == 42 && texts(second) == ["\"m43\""])
      let third = try #require(try await call("p", at: 43, after: 43, wanted: 2, redis))
      #expect(third.after == 43 && third.shown == 43 && texts(third) == [])
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["40", "m41", "m42", "m43"], "reading takes nothing off")
    }
  }

  @Test func `a confirmation of the only place takes the messages off`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 40 m41 m42 m43")
      let answer = try #require(try await call("p", at: 43, after: 43, wanted: 5, confirming: 42, redis))
      #expect(answer.confirmed == 42 && answer.after == 43 && answer.length == 2 && answer.last == 43)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["42", "m43"])
      #expect(try await redis.run("HEXISTS \(reading) confirmed") == .integer(0))
      let wrong = try #require(try await call("p", at: 43, confirming: 44, redis))
      #expect(wrong.confirmed == 42, "there is no message 44")
    }
  }

  @Test func `a message stays until the slower place has it, and is confirmed all the same`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0 m1 m2 m3")
      _ = try await call("slow", at: 1, redis)
      let quick = try #require(try await call("quick", at: 3, confirming: 3, redis))
      #expect(quick.confirmed == 3)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["1", "m2", "m3"])
      // A listener that begins now begins behind what is confirmed; the slow one still gets the rest.
      let fresh = try #require(try await call("quick", at: 3, wanted: 5, redis))
      #expect(fresh.after == 3 && texts(fresh) == [])
      let rest = try #require(try await call("slow", at: 1, after: 1, mark: "", wanted: 5, redis))
      #expect(rest.after == 1 && rest.confirmed == 3 && texts(rest) == ["\"m2\"", "\"m3\""])
      // Its next call says that it has them: nothing holds them any more.
      _ = try await call("slow", at: 3, redis)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["3"])
      #expect(try await redis.run("HEXISTS \(reading) confirmed") == .integer(0))
    }
  }

  @Test func `a page of the inbox leaves out what is confirmed and only waits`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0 m1 m2 m3")
      _ = try await call("slow", at: 0, redis)
      let message = MessagePlace(sequence: 2, mark: Array("m2".utf8))
      #expect(try await redis.perform(Inboxes.confirm(of: name("arini"), message)) == 2)
      let progress = try await redis.perform(Inboxes.progress(of: name("arini")))
      #expect(progress.confirmed == 2)
      var page = try #require(
        try await redis.perform(Inboxes.page(of: name("arini"), displayTo: JSONString("A"))) as InboxPage?)
      page.dropConfirmed(upTo: progress.confirmed)
      #expect(page.firstSequence == 3 && page.records.count == 1 && page.lastSequence == 3)
    }
  }

  @Test func `a place that reads nothing now, or is long gone, holds nobody up`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0 m1 m2 m3")
      _ = try await call("stuck", at: 0, redis)
      _ = try await call("stuck", at: nil, redis)
      _ = try await call("p", at: 1, confirming: 1, redis)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["1", "m2", "m3"])
      let time = try #require(try await redis.run("TIME").elements?.first?.integer)
      _ = try await redis.send(RedisCommand("HSET", .text(reading), "living", .text("1 \((time - 12) * 1000)")))
      _ = try await call("p", at: 3, confirming: 3, redis)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["1", "m2", "m3"], "12 s are a pause")
      _ = try await redis.send(RedisCommand("HSET", .text(reading), "living", .text("1 \((time - 18) * 1000)")))
      _ = try await call("p", at: 3, redis)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["3"], "18 s are the end")
    }
  }

  @Test func `a list that was replaced, or set back, is read from its beginning`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 40 m41 m42")
      _ = try await call("p", at: 42, redis)
      // Redis has lost its last second; then two others came.
      try await redis.run("RPOP \(list)")
      try await redis.run("RPUSH \(list) other")
      let changed = try #require(try await call("p", at: 42, after: 42, wanted: 5, redis))
      #expect(changed.after == 40 && texts(changed) == ["\"m41\"", "\"other\""])
      try await redis.run("DEL \(list)")
      try await redis.run("RPUSH \(list) 0 m1")
      let new = try #require(try await call("p", at: 0, after: 42, wanted: 5, redis))
      #expect(new.after == 0 && texts(new) == ["\"m1\""])
    }
  }

  @Test func `where the last message is not known, an older state is noticed and nothing is passed over`() async throws
  {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 5 m6 m7 m8")
      // It had begun behind 10, of which it was sent nothing.
      let older = try #require(try await call("p", at: 5, after: 10, mark: "", wanted: 5, redis))
      #expect(older.after == 5 && texts(older) == ["\"m6\"", "\"m7\"", "\"m8\""])
      // What another device has confirmed beyond is no reason to pass over what waits for this one.
      let message = MessagePlace(sequence: 8, mark: Array("m8".utf8))
      _ = try await call("other", at: 5, redis)
      _ = try await redis.perform(Inboxes.confirm(of: name("arini"), message))
      let held = try #require(try await call("p", at: 6, after: 6, mark: "", wanted: 5, redis))
      #expect(held.after == 6 && texts(held) == ["\"m7\"", "\"m8\""])
    }
  }

  @Test func `after an outage no place is gone yet`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0 m1 m2")
      let time = try #require(try await redis.run("TIME").elements?.first?.integer)
      _ = try await redis.send(RedisCommand("HSET", .text(reading), "other", .text("1 \((time - 60) * 1000)")))
      let message = MessagePlace(sequence: 2, mark: Array("m2".utf8))
      let arini = try name("arini")
      _ = try await redis.perform(Inboxes.confirm(of: arini, message, patience: Inboxes.placePatience + 50_000))
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["1", "m2"])
      _ = try await redis.perform(Inboxes.confirm(of: arini, message))
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["2"])
    }
  }

  @Test func `a confirmation beyond the end of the list takes nothing that comes later`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0 m1 m2")
      try await redis.run("HSET \(reading) confirmed 50")
      _ = try await call("p", at: 2, wanted: 5, redis)
      try await redis.run("RPUSH \(list) m3")
      let next = try #require(try await call("p", at: 2, after: 2, mark: "", wanted: 5, redis))
      #expect(texts(next) == ["\"m3\""] && next.confirmed == 2)
      #expect(try await redis.texts("LRANGE \(list) 0 -1") == ["2", "m3"])
    }
  }

  @Test func `a reading of large messages is bounded in bytes`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH \(list) 0")
      for _ in 0..<5 {
        _ = try await redis.send(
          RedisCommand("RPUSH", .text(list), .bytes(Array(repeating: UInt8(ascii: "x"), count: 200_000))))
      }
      let answer = try #require(try await call("p", at: 0, wanted: 5, redis))
      #expect(answer.records.count == 1 && answer.length == 6)
    }
  }
}
