// Owns: the accounts and sessions of a run, written and removed as an operator would, and on which node they are.
// Must never: touch an account that it has not made.
// Runs on: async tasks.
import ChatProtocol
import ChatState
import RedisClient

/// The accounts of one run, named `bench-RUN-NUMBER`, each with a session.
package struct BenchAccounts: Sendable {
  /// Requests to Redis at a time.
  private static let atATime = 200

  /// What makes this run's names its own: four hexadecimal digits.
  package let run: String
  /// In the order of their numbers.
  package let all: [LoadAccount]
  private let redis: RedisHandle

  /// Adds `count` accounts (1…100,000). All have one password, hashed at the least cost.
  package static func add(_ count: Int, to redis: RedisHandle) async throws -> BenchAccounts {
    let random = String(UInt16.random(in: .min ... .max), radix: 16)
    let run = String(repeating: "0", count: 4 - random.count) + random
    guard let cost = PasswordHash.Cost(checking: 2) else { throw LoadFailure("no cheap hash") }
    let hash = try PasswordHash(password: LoadRequests.password, cost: cost).description
    let made = try await each(0..<count) { number in try await add(number, run: run, hash: hash, redis) }
    return BenchAccounts(run: run, all: made, redis: redis)
  }

  /// The first `count` of them, or all if there are no more.
  package func first(_ count: Int) -> [LoadAccount] { Array(all.prefix(count)) }

  /// Removes them with their messages and sessions.
  package func remove() async throws {
    _ = try await Self.each(all.indices) { number in
      guard let name = AccountName(all[number].name) else { return }
      for id in try await redis.perform(Sessions.ids(of: name)) { try await redis.perform(Sessions.end(id)) }
      try await redis.perform(Accounts.removeFromIndex(name))
      _ = try await redis.perform(Accounts.remove(name))
    }
  }

  /// For each of the first `count` accounts the node on which it is connected, once all of them are. Nodes report within a
  /// second; after five this gives up.
  package func nodes(ofFirst count: Int) async throws -> [String?] {
    for _ in 0..<50 {
      let places = try await placesNow()
      let found = all.prefix(count).map { places[$0.name] }
      if found.allSatisfy({ $0 != nil }) { return found }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw LoadFailure("the nodes did not report within five seconds who is connected to them")
  }

  /// Which users are connected where.
  private func placesNow() async throws -> [String: String] {
    var places: [String: String] = [:]
    let nodes = try await redis.send(RedisCommand("ZRANGE", .text(KeySpace.nodes), "0", "-1")).elements ?? []
    for node in nodes.compactMap(\.text) {
      let reply = try await redis.send(RedisCommand("HGETALL", .text(KeySpace.nodeUsers(NodeID(node)))))
      let fields = (reply.elements ?? []).compactMap(\.text)
      for index in stride(from: 0, to: fields.count - 1, by: 2) where !fields[index + 1].hasPrefix("0/") {
        places[fields[index]] = node
      }
    }
    return places
  }

  private static func add(
    _ number: Int, run: String, hash: String, _ redis: RedisHandle
  ) async throws -> LoadAccount {
    let digits = String(number)
    let text = "bench-\(run)-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    guard let name = AccountName(text), let display = DisplayName(text) else { throw LoadFailure("no name \(text)") }
    let token = SessionToken.random()
    let session = Session(id: SessionID(of: token), user: name, display: text)
    let now = WallClock.now()
    try await redis.perform(Accounts.enterInIndex(name))
    guard try await redis.perform(Accounts.add(name, display: display, passwordHash: hash, at: now)) else {
      throw LoadFailure("the account \(text) is there already")
    }
    try await redis.perform(Sessions.open(session, node: NodeID("bench"), address: "", at: now))
    _ = try await redis.perform(Sessions.enterInIndex(session, at: now))
    return LoadAccount(name: text, token: token.text)
  }

  /// Runs `body` for each number, many at a time; the results are in order.
  private static func each<Value: Sendable>(
    _ numbers: Range<Int>, _ body: @escaping @Sendable (Int) async throws -> Value
  ) async throws -> [Value] {
    var results: [Value] = []
    for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: atATime) {
      let page = start..<min(start + atATime, numbers.upperBound)
      results += try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        for number in page { group.addTask { (number, try await body(number)) } }
        var found: [(Int, Value)] = []
        for try await one in group { found.append(one) }
        return found.sorted { $0.0 < $1.0 }.map(\.1)
      }
    }
    return results
  }
}
