// Accounts in Redis for the command line: one connection, open while a command runs.
// Never leaves a half-made account: the index is written first, the account and its inbox in one script.
// Async tasks; hashing blocks the task's thread, which a command can afford.

import ChatProtocol
import ChatState
import RedisClient

/// What `kabar account` and `kabar up` do with accounts.
struct AccountStore: Sendable {
  private let redis: RedisHandle

  /// Runs `body` with a connection.
  static func with<Value: Sendable>(
    _ option: RedisOption, _ body: (AccountStore) async throws -> Value
  ) async throws -> Value {
    try await with(option.resolved(), body)
  }

  /// The same for an address.
  static func with<Value: Sendable>(
    _ address: RedisAddress, _ body: (AccountStore) async throws -> Value
  ) async throws -> Value {
    try await CommandLineRedis.with(address, name: "kabar-account") { try await body(AccountStore(redis: $0)) }
  }

  /// Adds an account; `false` if the name is taken.
  func add(
    _ name: AccountName, _ display: DisplayName, password: String, cost: PasswordHash.Cost = .standard
  ) async throws -> Bool {
    let hash = try PasswordHash(password: password, cost: cost)
    try await redis.perform(Accounts.enterInIndex(name))
    return try await redis.perform(
      Accounts.add(name, display: display, passwordHash: hash.description, at: WallClock.now()))
  }

  /// Calls `body` with each account, in alphabetical order of the names.
  func visitAll(_ body: (String, Credentials) -> Void) async throws {
    var last: String?
    while true {
      let names = try await redis.perform(Accounts.names(after: last, limit: 500))
      guard !names.isEmpty else { return }
      for name in names {
        guard let account = AccountName(name), let found = try await redis.perform(Accounts.credentials(of: account))
        else { continue }
        body(name, found)
      }
      last = names.last
    }
  }

  /// Sets a password and ends the sessions that the old one opened; `false` if there is no such account.
  func setPassword(of name: AccountName, _ password: String, cost: PasswordHash.Cost = .standard) async throws -> Bool {
    let hash = try PasswordHash(password: password, cost: cost)
    guard try await redis.perform(Accounts.setPassword(of: name, hash: hash.description)) else { return false }
    try await SessionStore(redis: redis).endAll(of: name)
    return true
  }

  /// Disables an account, which also ends its sessions, or enables it again; `false` if there is none.
  func setDisabled(_ isDisabled: Bool, _ name: AccountName) async throws -> Bool {
    guard try await redis.perform(Accounts.setDisabled(isDisabled, name, at: WallClock.now())) else { return false }
    if isDisabled { try await SessionStore(redis: redis).endAll(of: name) }
    return true
  }

  /// Removes an account; `false` if there is none.
  func remove(_ name: AccountName) async throws -> Bool {
    // Disabled first: from here on no login succeeds, so that no session is missed.
    guard try await setDisabled(true, name) else { return false }
    try await removeBlocks(of: name)
    try await redis.perform(Accounts.removeFromIndex(name))
    return try await redis.perform(Accounts.remove(name))
  }

  /// Whom it blocks, and who blocks it: a later account of the same name is somebody else.
  private func removeBlocks(of name: AccountName) async throws {
    for other in try await redis.perform(Blocks.names(blockedBy: name)) {
      try await redis.perform(Blocks.lift(other, blockedBy: name))
    }
    while case let blockers = try await redis.perform(Blocks.blockers(of: name, limit: 500)), !blockers.isEmpty {
      for other in blockers {
        try await redis.perform(Blocks.lift(name, blockedBy: other))
        try await redis.perform(Blocks.unlist(name, blockedBy: other))
      }
    }
  }
}
