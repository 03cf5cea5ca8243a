// Reads from Redis what `kabar status` shows.
// Never scans the key space, and asks for no more than the nodes' records unless told to (`--full`).
// Async tasks.

import ChatProtocol
import ChatState
import Foundation
import RedisClient

/// The asking half of a status.
struct StatusReader: Sendable {
  private static let pings = 5
  /// Accounts per page of `--full`; their questions are on their way together.
  private static let page = 500

  let redis: RedisHandle

  /// One look.
  func facts() async throws -> StatusFacts {
    let ping = try await ping()
    let info = RedisInfo(try await ask("INFO").text ?? "")
    guard let time = try await ask("TIME").elements?.compactMap(\.integer), time.count == 2 else {
      throw RedisError.unexpectedReply
    }
    let now = time[0] * 1000 + time[1] / 1000
    var facts = StatusFacts(at: Timestamp(milliseconds: Int64(now)).description)
    facts.redis = RedisFacts(info, settings: try await settings(), pingMs: ping, now: now)
    if facts.redis.role == .sentinel {
      throw Failure("this is a Sentinel, not a Redis with data: ask it for the primary")
    }
    facts.nodes = try await nodes(at: now)
    facts.totals.accounts = try await ask("ZCARD", .text(KeySpace.accounts)).integer ?? 0
    facts.totals.activeUsers = try await ask("ZCARD", .text(KeySpace.active)).integer ?? 0
    for node in facts.nodes where node.isAlive {
      facts.totals.connections += node.connections ?? 0
      facts.totals.messagesPerSecond += node.messagesPerSecond ?? 0
    }
    return facts
  }

  /// Counts what needs a look at every account.
  func count(into totals: inout TotalFacts) async throws {
    let progress = Progress(total: totals.accounts, label: "counting")
    defer { progress.finish() }
    let now = Int(WallClock.now().milliseconds)
    var (waiting, sessions) = (0, 0)
    var last: String?
    while case let names = try await redis.perform(Accounts.names(after: last, limit: Self.page)), !names.isEmpty {
      try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for name in names.compactMap({ AccountName($0) }) {
          group.addTask { (try await self.messages(waitingFor: name), try await self.sessions(of: name, at: now)) }
        }
        for try await counts in group { (waiting, sessions) = (waiting + counts.0, sessions + counts.1) }
      }
      progress.advance(by: names.count)
      last = names.last
    }
    (totals.waitingMessages, totals.sessions) = (waiting, sessions)
  }

  private func messages(waitingFor name: AccountName) async throws -> Int {
    var count = 0
    for list in [KeySpace.inbox(name), KeySpace.disabledInbox(name)] {
      // Element 0 is no message.
      count += max(0, (try await ask("LLEN", .text(list)).integer ?? 0) - 1)
    }
    return count
  }

  private func sessions(of name: AccountName, at now: Int) async throws -> Int {
    try await ask("ZCOUNT", .text(KeySpace.sessions(of: name)), .number(now), "+inf").integer ?? 0
  }

  /// The median of a few, in milliseconds; the first, which may have to wait for the connection, doesn't count.
  private func ping() async throws -> Double {
    var times: [Double] = []
    for _ in 0...Self.pings {
      let begin = ContinuousClock.now
      let reply = try await redis.send(RedisCommand("PING"))
      times.append(begin.duration(to: .now) / .milliseconds(1))
      // While its disk is full, Redis refuses a PING, too; that is an answer.
      if case .error(let error) = reply, !error.refusesWrites { throw RedisError.server(error) }
    }
    return times.dropFirst().sorted()[Self.pings / 2]
  }

  /// Those that INFO doesn't say. Not every operator may ask for them.
  private func settings() async throws -> [String: String] {
    var settings: [String: String] = [:]
    for name in ["save", "appendfsync", "min-replicas-to-write"] {
      let reply = try await redis.send(RedisCommand("CONFIG", "GET", .text(name)))
      if let pair = reply.elements, pair.count == 2 { settings[name] = pair[1].text }
    }
    return settings
  }

  private func nodes(at now: Int) async throws -> [NodeFacts] {
    let reply = try await ask("ZRANGE", .text(KeySpace.nodes), "0", "-1", "WITHSCORES").elements ?? []
    var nodes: [NodeFacts] = []
    for index in stride(from: 0, to: reply.count - 1, by: 2) {
      guard let id = reply[index].text, let lease = reply[index + 1].text.flatMap({ Double($0) }) else { continue }
      nodes.append(try await node(NodeID(id), leaseEnd: Int(lease), now))
    }
    return nodes.sorted { $0.id < $1.id }
  }

  private func node(_ id: NodeID, leaseEnd: Int, _ now: Int) async throws -> NodeFacts {
    let names = [
      "name", "version", "host", "port", "pid", "started", "connections", "messages", "rate", "clock", "http",
    ]
    let fields = try await ask(["HMGET", .text(KeySpace.node(id))] + names.map { .text($0) }).elements ?? []
    func text(_ index: Int) -> String? { fields.indices.contains(index) ? fields[index].text : nil }
    func number(_ index: Int) -> Int? { text(index).flatMap { Int($0) } }
    let started = text(5).flatMap { try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse($0) }
    return NodeFacts(
      id: id.description, name: text(0), version: text(1), host: text(2), port: number(3), pid: number(4),
      leaseMs: leaseEnd - now, isLeaving: leaseEnd == 0,
      uptimeSeconds: started.map { max(0, now / 1000 - Int($0.timeIntervalSince1970)) }, connections: number(6),
      users: try await ask("HLEN", .text(KeySpace.nodeUsers(id))).integer ?? 0, messages: number(7),
      messagesPerSecond: text(8).flatMap { Double($0) }, clockAheadMs: number(9), http: text(10))
  }

  private func ask(_ words: RedisArgument...) async throws -> RedisReply { try await ask(words) }

  private func ask(_ words: [RedisArgument]) async throws -> RedisReply {
    let reply = try await redis.send(RedisCommand(words))
    if case .error(let error) = reply { throw RedisError.server(error) }
    return reply
  }
}
