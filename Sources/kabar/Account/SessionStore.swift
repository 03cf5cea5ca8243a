// Sessions in Redis for the command line.
// Never shows what could be used to log in: a session goes by the beginning of its id.
// Async tasks.

import ChatProtocol
import ChatState
import RedisClient

/// What `kabar session` and `kabar account` do with sessions.
struct SessionStore: Sendable {
  let redis: RedisHandle

  /// Runs `body` with a connection.
  static func with<Value: Sendable>(
    _ option: RedisOption, _ body: (SessionStore) async throws -> Value
  ) async throws -> Value {
    try await CommandLineRedis.with(option.resolved(), name: "kabar-session") {
      try await body(SessionStore(redis: $0))
    }
  }

  /// Whether there is such an account.
  func knows(_ user: AccountName) async throws -> Bool {
    try await redis.perform(Accounts.credentials(of: user)) != nil
  }

  /// The living sessions of a user, the one unused for longest first.
  func all(of user: AccountName) async throws -> [(id: SessionID, details: SessionDetails)] {
    var sessions: [(id: SessionID, details: SessionDetails)] = []
    for id in try await redis.perform(Sessions.ids(of: user)) {
      if let details = try await redis.perform(Sessions.details(of: id)) { sessions.append((id, details)) }
    }
    return sessions
  }

  /// Ends a session on every node.
  func end(_ id: SessionID, of user: AccountName) async throws {
    try await redis.perform(Sessions.end(id))
    try await redis.perform(Sessions.removeFromIndex(id, user: user))
  }

  /// Ends all sessions of a user and answers how many there were.
  @discardableResult
  func endAll(of user: AccountName) async throws -> Int {
    let ids = try await redis.perform(Sessions.ids(of: user))
    for id in ids { try await end(id, of: user) }
    return ids.count
  }
}
