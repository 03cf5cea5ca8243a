// Wrong passwords in Redis: counted by the address that they come from, so that all nodes know of them.
// Never counts by account alone: nobody can lock another out.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// How many wrong passwords an address may give, and how long it waits then: a second, doubled by each further failure.
package struct GuessLimits: Sendable, Equatable {
  /// Failures with one account before its address must wait; at least 1.
  package var perAccount = 5
  /// The same for all accounts that an address tries: several people may share it.
  package var perSource: Int { 4 * perAccount }
  /// The longest wait in milliseconds: 5 min for one account, 1 min for an address.
  static let longestForAccount = 300_000
  static let longestForSource = 60_000

  package init(perAccount: Int = 5) { self.perAccount = perAccount }
}

/// What an address may do now.
package struct LoginStanding: Sendable, Equatable {
  /// Milliseconds until it may try again; 0: it may now.
  package let wait: Int
  /// How often it has failed with this account lately.
  package let failures: Int

  /// Nothing is counted.
  package static let free = LoginStanding(wait: 0, failures: 0)
}

/// Requests about attempts to log in.
package enum LoginAttempts {
  /// Failures are forgotten this long after the last one, in milliseconds: 1 h.
  package static let life = 3_600_000
  /// Accounts that are counted apart for one address; further ones count only for the address, which waits by then.
  static let accountsPerSource = 100

  /// Asked before a hash is computed, and answered alike whether there is such an account or not.
  package static func ask(
    _ user: AccountName, from source: LoginSource, _ limits: GuessLimits
  )
    -> RedisRequest<LoginStanding>
  { request("ask", user, source, limits) }

  /// The password was wrong. Noted before the client is told.
  package static func noteWrong(
    _ user: AccountName, from source: LoginSource, _ limits: GuessLimits
  )
    -> RedisRequest<LoginStanding>
  { request("wrong", user, source, limits) }

  /// The password was right: the failures of this address with this account are forgotten.
  package static func noteRight(
    _ user: AccountName, from source: LoginSource, _ limits: GuessLimits
  )
    -> RedisRequest<LoginStanding>
  { request("right", user, source, limits) }

  private static func request(
    _ event: RedisArgument, _ user: AccountName, _ source: LoginSource, _ limits: GuessLimits
  ) -> RedisRequest<LoginStanding> {
    RedisRequest(
      RedisCommand(
        Scripts.loginAttempt, keys: [KeySpace.attempts(from: source)],
        [
          event, .text(user.description), .number(limits.perAccount), .number(GuessLimits.longestForAccount),
          .number(limits.perSource), .number(GuessLimits.longestForSource), .number(life), .number(accountsPerSource),
        ])
    ) { reply in
      guard let numbers = reply.elements?.compactMap(\.integer), numbers.count == 2 else { return nil }
      return LoginStanding(wait: numbers[0], failures: numbers[1])
    }
  }
}
