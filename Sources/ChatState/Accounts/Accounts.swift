// Accounts in Redis: adding, finding, listing, changing, removing.
// Never hashes a password (PasswordHash does) and never sends a request (a client does).
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// What a login is checked against.
package struct Credentials: Sendable {
  /// The name that others see.
  package let display: String
  /// The password in PHC form.
  package let passwordHash: String
  /// Nobody may log in.
  package let isDisabled: Bool
}

/// Requests about accounts.
package enum Accounts {
  /// Enters the name in the index of accounts. Done before `add`, so that no account is missing in it.
  package static func enterInIndex(_ name: AccountName) -> RedisRequest<Void> {
    RedisRequest(RedisCommand("ZADD", .text(KeySpace.accounts), "0", .text(name.description))) { _ in () }
  }

  /// Adds an account; `false` if the name is taken.
  package static func add(
    _ name: AccountName, display: DisplayName, passwordHash: String, at created: Timestamp
  ) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        Scripts.accountAdd, keys: [KeySpace.account(name), KeySpace.inbox(name)],
        [.text(display.description), .text(passwordHash), .text(created.description)])
    ) { $0.integer.map { $0 == 1 } }
  }

  /// What a login needs; `.some(nil)` if there is no such account.
  package static func credentials(of name: AccountName) -> RedisRequest<Credentials?> {
    RedisRequest(RedisCommand("HMGET", .text(KeySpace.account(name)), "name", "password", "disabled")) { reply in
      guard let fields = reply.elements, fields.count == 3 else { return nil }
      guard let display = fields[0].text, let hash = fields[1].text else { return .some(nil) }
      return Credentials(display: display, passwordHash: hash, isDisabled: fields[2] != .null)
    }
  }

  /// Up to `limit` account names in alphabetical order, those behind `last`.
  package static func names(after last: String?, limit: Int) -> RedisRequest<[String]> {
    RedisRequest(
      RedisCommand(
        "ZRANGEBYLEX", .text(KeySpace.accounts), .text(last.map { "(" + $0 } ?? "-"), "+", "LIMIT", "0",
        .number(limit))
    ) { $0.elements?.compactMap(\.text) }
  }

  /// Sets a password; `false` if there is no such account.
  package static func setPassword(of name: AccountName, hash: String) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(Scripts.accountSetPassword, keys: [KeySpace.account(name)], [.text(hash)])
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Replaces a password that was checked; `false` if the account has another one by now, or is gone.
  package static func replacePassword(
    of name: AccountName, from checked: String, to hash: String
  ) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        Scripts.accountReplacePassword, keys: [KeySpace.account(name)], [.text(checked), .text(hash)])
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Disables an account or enables it again; `false` if there is none. While it is disabled nobody can log in or send to
  /// it, and its messages stay. Its sessions are ended apart (`Sessions.end`).
  package static func setDisabled(_ isDisabled: Bool, _ name: AccountName, at now: Timestamp) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        isDisabled ? Scripts.accountDisable : Scripts.accountEnable,
        keys: [KeySpace.account(name), KeySpace.inbox(name), KeySpace.disabledInbox(name)],
        isDisabled ? [.text(now.description)] : [])
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Removes an account and its messages; `false` if there was none. Its sessions are ended before (`Sessions.end`), its
  /// blocks taken out of the other users' keys (`Blocks`).
  package static func remove(_ name: AccountName) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        "DEL", .text(KeySpace.account(name)), .text(KeySpace.inbox(name)), .text(KeySpace.disabledInbox(name)),
        .text(KeySpace.reading(name)), .text(KeySpace.sessions(of: name)), .text(KeySpace.blocked(by: name)),
        .text(KeySpace.blockers(of: name)))
    ) { $0.integer.map { $0 > 0 } }
  }

  /// Takes the name out of the index. Done after `remove`.
  package static func removeFromIndex(_ name: AccountName) -> RedisRequest<Void> {
    RedisRequest(RedisCommand("ZREM", .text(KeySpace.accounts), .text(name.description))) { _ in () }
  }
}
