// Reads from Redis what `kabar explain` tells.
// Never reads a password's hash, never writes.
// Async tasks.

import ChatProtocol
import ChatState
import RedisClient

/// The asking half of an explanation.
struct ExplainReader: Sendable {
  let redis: RedisHandle

  // MARK: Users

  /// Everything about a user; `nil` if there is no such account. Not to be called twice at a time: it holds a transaction.
  func user(_ name: AccountName) async throws -> UserFacts? {
    let account = try await ask("HMGET", .text(KeySpace.account(name)), "name", "created", "disabled").elements ?? []
    guard account.count == 3, let display = account[0].text else { return nil }
    var facts = UserFacts(name: name.description, display: display, created: account[1].text ?? "?")
    facts.disabledSince = account[2].text
    facts.sessions = try await SessionStore(redis: redis).all(of: name).map { id, details in
      SessionFacts(
        id: id.short, created: details.created, seen: details.seen, address: details.address, node: details.node)
    }
    facts.places = try await places(of: name)
    let isDisabled = facts.disabledSince != nil
    facts.inbox = try await inbox(isDisabled ? KeySpace.disabledInbox(name) : KeySpace.inbox(name), of: name)
    facts.blocks = try await ask("ZCARD", .text(KeySpace.blocked(by: name))).integer ?? 0
    facts.blockers = try await ask("ZCARD", .text(KeySpace.blockers(of: name))).integer ?? 0
    return facts
  }

  private func places(of name: AccountName) async throws -> [ActivePlace] {
    let now = try await now()
    let nodes = try await ask("ZRANGE", .text(KeySpace.nodes), "0", "-1", "WITHSCORES").elements ?? []
    var places: [ActivePlace] = []
    for index in stride(from: 0, to: nodes.count - 1, by: 2) {
      guard let id = nodes[index].text, let end = nodes[index + 1].text.flatMap({ Double($0) }) else { continue }
      let entry = try await ask("HGET", .text(KeySpace.nodeUsers(NodeID(id))), .text(name.description)).text
      guard let counts = entry?.split(separator: "/").map({ Int($0) ?? 0 }) else { continue }
      places.append(
        ActivePlace(
          node: id, isAlive: Int(end) > now, connections: counts.first ?? 0,
          listeners: counts.count > 1 ? counts[1] : 0))
    }
    return places.sorted { $0.node < $1.node }
  }

  /// In one transaction: numbers, messages and readers of the same moment.
  private func inbox(_ key: String, of name: AccountName) async throws -> InboxFacts? {
    let questions = [
      RedisCommand("LRANGE", .text(key), "0", "1"), RedisCommand("LRANGE", .text(key), "-1", "-1"),
      RedisCommand("LLEN", .text(key)), RedisCommand("HGETALL", .text(KeySpace.reading(name))), RedisCommand("TIME"),
    ]
    _ = try await ask("MULTI")
    for question in questions { _ = try await redis.send(question) }
    guard let answers = try await ask("EXEC").elements, answers.count == questions.count else {
      throw RedisError.unexpectedReply
    }
    guard let head = answers[0].elements?.compactMap(\.stored), let length = answers[2].integer,
      let takenOff = head.first.flatMap({ Int(String(decoding: $0, as: UTF8.self)) })
    else { return nil }
    var facts = InboxFacts(takenOff: takenOff, stored: max(0, length - 1))
    if head.count > 1 { facts.oldest = MessageGlimpse(number: takenOff + 1, stored: head[1]) }
    if length > 1, let last = answers[1].elements?.first?.stored {
      facts.newest = MessageGlimpse(number: takenOff + length - 1, stored: last)
    }
    facts.reading = Self.reading(answers[3], now: Self.milliseconds(answers[4]) ?? 0)
    return facts
  }

  // MARK: Inboxes

  /// How far the readers of an inbox are.
  func reading(of name: AccountName) async throws -> ReadingFacts {
    let hash = try await ask("HGETALL", .text(KeySpace.reading(name)))
    return Self.reading(hash, now: try await now())
  }

  /// How many messages have left a list by now; `nil` if there is no such list.
  func takenOff(_ key: String) async throws -> Int? { try await ask("LINDEX", .text(key), "0").integer }

  /// Messages of a list from a number on; `nil` if it isn't there or is something else.
  func slice(of key: String, from number: Int, count: Int) async throws -> InboxSlice? {
    do {
      return try await redis.perform(InboxSlice.request(key: key, from: number, count: count))
    } catch RedisError.server(let error) where error.kind == .wrongType {
      return nil
    }
  }

  // MARK: Accounts

  func knows(_ name: AccountName) async throws -> Bool {
    try await ask("EXISTS", .text(KeySpace.account(name))).integer == 1
  }

  func accountCount() async throws -> Int { try await ask("ZCARD", .text(KeySpace.accounts)).integer ?? 0 }

  func accounts(after last: String?, limit: Int) async throws -> [String] {
    try await redis.perform(Accounts.names(after: last, limit: limit))
  }

  // MARK: Asking

  private func now() async throws -> Int {
    guard let now = Self.milliseconds(try await ask("TIME")) else { throw RedisError.unexpectedReply }
    return now
  }

  private static func milliseconds(_ reply: RedisReply) -> Int? {
    guard let time = reply.elements?.compactMap(\.integer), time.count == 2 else { return nil }
    return time[0] * 1000 + time[1] / 1000
  }

  private static func reading(_ reply: RedisReply, now: Int) -> ReadingFacts {
    let flat = reply.elements?.map { $0.text ?? "" } ?? []
    return ReadingFacts(stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0], flat[$0 + 1]) }, now: now)
  }

  /// A key of the wrong type is as good as none here: `kabar check` says more.
  private func ask(_ words: RedisArgument...) async throws -> RedisReply {
    let reply = try await redis.send(RedisCommand(words))
    if case .error(let error) = reply, error.kind != .wrongType { throw RedisError.server(error) }
    return reply
  }
}

extension RedisReply {
  /// The bytes of an element.
  fileprivate var stored: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
}
