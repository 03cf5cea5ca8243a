// Owns: where a page of an inbox ends.
// Must never: change a list by reading it.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import RedisClient
import TestSupport
import Testing

@Suite struct InboxPagesTests {
  private func page(_ redis: RedisHandle) async throws -> InboxPage? {
    try await redis.perform(Inboxes.page(of: name("arini"), displayTo: JSONString("Arini")))
  }

  /// Makes the inbox hold these, `confirmed` having gone before.
  private func fill(_ redis: RedisHandle, confirmed: Int = 0, _ records: [[UInt8]]) async throws {
    let key: RedisArgument = "kabar:{u:arini}:inbox"
    _ = try await redis.send(RedisCommand("DEL", key))
    let words: [RedisArgument] = ["RPUSH", key, .number(confirmed)] + records.map { .bytes($0) }
    #expect(try await redis.send(RedisCommand(words)) == .integer(records.count + 1))
  }

  private func bytes(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "x"), count: count) }

  @Test func `no account, and nothing waiting`() async throws {
    try await withRedis { _, redis in
      #expect(try await page(redis) == nil)
      try await fill(redis, confirmed: 7, [])
      let empty = try #require(try await page(redis))
      #expect(empty.records.isEmpty && !empty.hasMore && empty.lastSequence == nil && empty.firstSequence == 8)
    }
  }

  @Test(arguments: [(1, 1, false), (499, 499, false), (500, 500, false), (501, 500, true), (1200, 500, true)])
  func `at most 500 messages`(waiting: Int, shown: Int, hasMore: Bool) async throws {
    try await withRedis { _, redis in
      try await fill(redis, confirmed: 40, (1...waiting).map { Array("m\($0)".utf8) })
      let page = try #require(try await page(redis))
      #expect(page.records.count == shown && page.hasMore == hasMore)
      #expect(page.firstSequence == 41 && page.lastSequence == 40 + shown)
      #expect(page.records.first?.mark == Array("m1".utf8) && page.records.last?.mark == Array("m\(shown)".utf8))
      #expect(try await redis.run("LLEN kabar:{u:arini}:inbox") == .integer(waiting + 1), "reading takes nothing")
    }
  }

  @Test func `at most 256 KiB, or one record that is larger`() async throws {
    try await withRedis { _, redis in
      let limit = 256 * 1024
      let cases: [(sizes: [Int], shown: Int)] = [
        ([limit], 1), ([limit + 1], 1), ([limit, 1], 1), ([limit + 1, 1], 1), ([limit - 1, 1], 2),
        ([limit - 1, 1, 1], 2), ([limit / 2, limit / 2], 2), ([limit / 2, limit / 2 + 1], 1), ([1, limit + 1, 1], 1),
      ]
      for (sizes, shown) in cases {
        try await fill(redis, sizes.map(bytes))
        let page = try #require(try await page(redis))
        #expect(page.records.count == shown, "\(sizes)")
        #expect(page.hasMore == (shown < sizes.count), "\(sizes)")
      }
    }
  }

  @Test func `a list without a count is no inbox`() async throws {
    try await withRedis { _, redis in
      try await redis.run("RPUSH kabar:{u:arini}:inbox what m1")
      await #expect(throws: RedisError.unexpectedReply) { try await page(redis) }
      try await redis.run("SET kabar:{u:arini}:inbox text")
      await #expect(throws: RedisError.self) { try await page(redis) }
    }
  }

  @Test func `elements that someone wrote by hand are shown in their place`() async throws {
    try await withRedis { _, redis in
      try await fill(redis, [Array("by hand".utf8), [0xFF, 0x00], Array(#"{"from":"b","msg":"m"}"#.utf8)])
      let page = try #require(try await page(redis))
      #expect(page.records.map(\.from) == [JSONString("?"), JSONString("?"), JSONString("b")])
      // Such an element is its own mark, whatever bytes it has.
      let mark = page.records[1].mark
      #expect(try await redis.perform(Inboxes.confirm(of: name("arini"), MessagePlace(sequence: 2, mark: mark))) == 2)
      #expect(try await redis.run("LLEN kabar:{u:arini}:inbox") == .integer(2))
    }
  }
}
