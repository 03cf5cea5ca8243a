// Owns: proof that an operator finds in Redis what the page of keys says, as readable text, and nothing else.
// Must never: repeat that page: it reads the table in KeySpace.swift.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import Foundation
import RedisClient
import TestSupport
import Testing

@Suite struct KeySpaceTests {
  /// A row of the table: a pattern of keys and the type of their values.
  private struct Row {
    let shape: String
    let type: String
    /// The fields of a HASH that the page names, empty if they are no fixed names.
    let fields: Set<String>

    /// `NAME` stands for an account name, `ID` for a session or a node.
    func matches(_ key: String) -> Bool {
      let pattern = NSRegularExpression.escapedPattern(for: shape)
        .replacingOccurrences(of: "SENDER", with: "NAME").replacingOccurrences(of: "TAG", with: "[!-~]{1,64}")
        .replacingOccurrences(of: "NAME", with: "[a-z0-9][a-z0-9._-]{0,31}")
        .replacingOccurrences(of: "SOURCE", with: "([0-9.]+|[0-9a-f:]+/64)")
        .replacingOccurrences(of: "session:ID", with: "session:[0-9a-f]{64}")
        .replacingOccurrences(of: "ID", with: "[^:]+-[0-9a-f]{8}")
      return key.range(of: "^\(pattern)$", options: .regularExpression) != nil
    }
  }

  private static func table() throws -> [Row] {
    let page = try String(contentsOf: stateSources.appending(path: "KeySpace.swift"), encoding: .utf8)
    return page.matches(of: /\/\/\/ \| `([^`]+)` \| ([A-Z]+) \| ([^|]*)/).map { match in
      // Of the part in front of a semicolon: `user`, `name` (display), …
      let head = match.3.split(separator: ";").first ?? ""
      let fields = head.matches(of: /`([a-z]+)`/).map { String($0.1) }
      return Row(shape: String(match.1), type: match.2.lowercased(), fields: Set(fields))
    }
  }

  @Test func `after all requests of a small scenario every key is on the page of keys`() async throws {
    let table = try Self.table()
    #expect(table.count >= 9)
    try await withRedis { _, redis in
      try await Self.play(redis)
      var seen: Set<String> = []
      for key in try await Self.scan(redis) {
        let rows = table.filter { $0.matches(key) }
        #expect(rows.count == 1, "\(key) is in \(rows.count) rows of the page of keys")
        guard let row = rows.first else { continue }
        seen.insert(row.shape)
        #expect(try await redis.run("TYPE \(key)").text == row.type, "\(key)")
        if !row.fields.isEmpty { #expect(try await Set(redis.texts("HKEYS \(key)")) == row.fields, "\(key)") }
        let values = try await Self.values(of: key, row.type, redis)
        for value in values {
          #expect(String(validating: value, as: UTF8.self) != nil, "\(key)")
          #expect(!value.contains { $0 < 0x20 || $0 == 0x7F }, "\(key)")
        }
        let isMortal = try await redis.run("PTTL \(key)").integer.map { $0 > 0 }
        #expect(
          isMortal == [":session:", ":once:", ":attempts:", ":known:"].contains { row.shape.contains($0) }, "\(key)")
      }
      #expect(
        seen == Set(table.map(\.shape)).subtracting(["kabar:{u:NAME}:inbox:disabled"]),
        "the scenario makes a key of every row")
    }
  }

  /// One of everything that nodes and operators do.
  private static func play(_ redis: RedisHandle) async throws {
    let now = WallClock.now()
    let node = NodeID(newIncarnationOf: "n1")
    let arini = try name("arini")
    let display = try #require(DisplayName("Arini \"A\""))
    let hash = try PasswordHash(password: "pw", cost: #require(PasswordHash.Cost(checking: 1))).description
    try await redis.perform(Accounts.enterInIndex(arini))
    _ = try await redis.perform(Accounts.add(arini, display: display, passwordHash: hash, at: now))
    let lineker = try name("lineker")
    _ = try await redis.perform(Accounts.add(lineker, display: display, passwordHash: hash, at: now))
    _ = try await redis.perform(Blocks.list(lineker, blockedBy: arini))
    _ = try await redis.perform(Blocks.enforce(lineker, blockedBy: arini))
    let description = ["name", "host", "port", "pid", "version", "started", "http"].map { ($0, "x") }
    _ = try await redis.perform(Presence.renew(node, joiningAs: description))
    let session = Session(id: SessionID(of: .random()), user: arini, display: display.description)
    _ = try await redis.perform(Sessions.enterInIndex(session, at: now))
    try await redis.perform(Sessions.open(session, node: node, address: "127.0.0.1", at: now))
    _ = try await redis.set([(arini, 1)], on: node)
    let command = try CommandParser.parse(Array("send arini \"é\" \\ 🙂".utf8))
    guard case .send(_, let to, let text, _)? = command else { return }
    for number in 1...UInt64(3) {
      var record: [UInt8] = []
      MessageRecord.encode(
        MessageRecord.Head(from: arini, displayFrom: JSONString(display.description)), text: text,
        id: MessageID(origin: 1, number: number), at: now.description, into: &record)
      _ = try await redis.append(record, to: to)
    }
    let page = try #require(
      try await redis.perform(Inboxes.page(of: arini, displayTo: JSONString(display.description))) as InboxPage?)
    let first = MessagePlace(sequence: 1, mark: page.records[0].mark)
    #expect(try await redis.perform(Inboxes.confirm(of: arini, first)) == 1)
    let tag = try #require(RequestTag("t-1"))
    let limits = InboxLimits()
    let once = Inboxes.appendOnce(limits, Array("{}".utf8), id: "m-4", to: arini, from: arini, tag: tag)
    #expect(try await redis.perform(once) == .stored(length: 4))
    _ = try await redis.send(Inboxes.noteShown(of: arini, upTo: 3))
    for address in ["192.0.2.1", "2001:db8::1"] {
      let source = LoginSource(address: address)
      _ = try await redis.perform(LoginAttempts.noteRight(arini, from: source, GuessLimits()))
      _ = try await redis.perform(LoginAttempts.noteWrong(arini, from: source, GuessLimits()))
    }
    _ = try await redis.perform(Sessions.use(session.id, at: WallClock.now()))
  }

  private static func scan(_ redis: RedisHandle) async throws -> [String] {
    var (cursor, keys) = ("0", [String]())
    repeat {
      let reply = try #require(try await redis.run("SCAN \(cursor) COUNT 100").elements)
      cursor = reply.first?.text ?? "0"
      keys += reply.last?.elements?.compactMap(\.text) ?? []
    } while cursor != "0"
    return keys
  }

  private static func values(of key: String, _ type: String, _ redis: RedisHandle) async throws -> [[UInt8]] {
    let commands = ["hash": "HGETALL \(key)", "list": "LRANGE \(key) 0 -1", "zset": "ZRANGE \(key) 0 -1 WITHSCORES"]
    let reply = try await redis.run(commands[type] ?? "GET \(key)")
    return (reply.elements ?? [reply]).compactMap { if case .bytes(let bytes) = $0 { bytes } else { nil } }
  }
}
