// Reads Redis for a check: keys and members page by page, and the facts about each of them.
// Never asks for more than a page at once, never holds Redis with a command that grows with the data (KEYS).
// Async tasks.

import ChatProtocol
import ChatState
import RedisClient

/// The asking half of a check.
struct StateReader: Sendable {
  /// Keys or members per page; each page's questions are on their way together.
  static let page = 500
  /// Messages per page: at most some 500 KB.
  private static let messages = 100

  let redis: RedisHandle

  /// Sends a command. A reply of WRONGTYPE is a fact like others; any other error ends the check.
  func ask(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
    let reply = try await redis.send(command)
    if case .error(let error) = reply, error.kind != .wrongType { throw .server(error) }
    return reply
  }

  /// Looks at subjects and answers those with which something is wrong, in their order.
  func look(at subjects: [CheckSubject]) async throws -> [(CheckSubject, [Violation])] {
    var verdicts = [[Violation]?](repeating: nil, count: subjects.count)
    var rest = Array(subjects.indices)
    for _ in 0..<10 where !rest.isEmpty {
      let moment = try await moment()
      try await withThrowingTaskGroup(of: (Int, [Violation]?).self) { group in
        for index in rest { group.addTask { (index, try await judge(subjects[index], moment)) } }
        for try await (index, verdict) in group { verdicts[index] = verdict }
      }
      rest = rest.filter { verdicts[$0] == nil }
    }
    guard rest.isEmpty else { throw Failure("the set of nodes does not keep still for a moment; try again") }
    return zip(subjects, verdicts).compactMap { subject, violations in
      violations.flatMap { $0.isEmpty ? nil : (subject, $0) }
    }
  }

  /// `nil` if the moment has passed.
  private func judge(_ subject: CheckSubject, _ moment: CheckMoment) async throws -> [Violation]? {
    var question = subject.question(in: moment)
    while true {
      var replies: [RedisReply] = []
      for command in question.commands { replies.append(try await ask(command)) }
      switch question.judge(replies) {
      case .found(let violations): return violations
      case .ask(let next): question = next
      case .outdated: return nil
      }
    }
  }

  /// What all questions share.
  func moment() async throws -> CheckMoment {
    guard let time = try await ask(RedisCommand("TIME")).elements?.compactMap(\.integer), time.count == 2 else {
      throw RedisError.unexpectedReply
    }
    let nodes = try await ask(RedisCommand("ZRANGE", .text(KeySpace.nodes), "0", "-1")).elements
    return CheckMoment(
      milliseconds: time[0] * 1000 + time[1] / 1000, nodes: nodes?.compactMap { $0.text.map { NodeID($0) } })
  }

  /// How many keys of anybody there are, for a progress bar.
  func size() async throws -> Int { try await ask(RedisCommand("DBSIZE")).integer ?? 0 }

  /// Calls `body` with each page of keys of Kabar. A key may come twice; one that is there all the time comes.
  func visitKeys(_ body: ([[UInt8]]) async throws -> Void) async throws {
    try await visit(["MATCH", .text(KeySpace.prefix + "*")], { ["SCAN", $0] }, body)
  }

  /// The same for the members of a sorted set; none if it is something else.
  func visitMembers(of key: String, _ body: ([[UInt8]]) async throws -> Void) async throws {
    try await visit([], { ["ZSCAN", .text(key), $0] }) { try await body(Self.everySecond($0)) }
  }

  /// The same for the fields of a hash.
  func visitFields(of key: String, _ body: ([[UInt8]]) async throws -> Void) async throws {
    try await visit([], { ["HSCAN", .text(key), $0] }) { try await body(Self.everySecond($0)) }
  }

  private func visit(
    _ options: [RedisArgument], _ command: (RedisArgument) -> [RedisArgument], _ body: ([[UInt8]]) async throws -> Void
  ) async throws {
    var cursor = "0"
    repeat {
      let reply = try await ask(RedisCommand(command(.text(cursor)) + options + ["COUNT", .number(Self.page)]))
      guard let parts = reply.elements, parts.count == 2, let next = parts[0].text, let items = parts[1].elements
      else { return }
      cursor = next
      try await body(items.compactMap { if case .bytes(let bytes) = $0 { bytes } else { nil } })
    } while cursor != "0"
  }

  /// ZSCAN and HSCAN answer each member with its score or value.
  private static func everySecond(_ pairs: [[UInt8]]) -> [[UInt8]] {
    stride(from: 0, to: pairs.count, by: 2).map { pairs[$0] }
  }

  /// How many elements of an inbox are no messages of Kabar's, and the place of the first.
  func unreadableMessages(in inbox: String) async throws -> (count: Int, first: Int) {
    var (count, first) = (0, 0)
    var start = 1
    while true {
      let range = RedisCommand(
        "LRANGE", .text(inbox), .number(start), .number(start + Self.messages - 1))
      guard let page = try await ask(range).elements else { return (count, first) }
      for (offset, element) in page.enumerated() {
        guard case .bytes(let stored) = element, !MessageRecord(stored: stored).isFromAccount else { continue }
        if count == 0 { first = start + offset }
        count += 1
      }
      if page.count < Self.messages { return (count, first) }
      start += Self.messages
    }
  }
}

extension MessageRecord {
  /// A name that no account can have stands for an element that is no message.
  fileprivate var isFromAccount: Bool { from != JSONString("?") }
}
