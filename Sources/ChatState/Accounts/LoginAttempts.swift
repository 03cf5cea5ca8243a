// Attempts to log in, in Redis: wrong ones are counted by the address that they come from, so that all nodes know of them.
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
  /// Milliseconds for which it will still be known as an address that somebody has logged in from; 0: it is not.
  package let known: Int

  /// Somebody has logged in from there lately: it waits before strangers.
  package var isKnown: Bool { known > 0 }
  /// A right password changes what is noted about it. (That it is known is noted anew after half the time only, so that most
  /// logins write nothing.)
  package var isWorthNoting: Bool { failures > 0 || known < LoginAttempts.knownLife / 2 }

  /// Nothing is counted.
  package static let free = LoginStanding(wait: 0, failures: 0, known: LoginAttempts.knownLife)
}

/// Requests about attempts to log in.
package enum LoginAttempts {
  /// Failures are forgotten this long after the last one, in milliseconds: 1 h.
  package static let life = 3_600_000
  /// An address is known for this long after a login from there, in milliseconds: 7 d.
  package static let knownLife = 604_800_000
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

  /// The password was right: the failures of this address with this account are forgotten, and it is known now.
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
        Scripts.loginAttempt, keys: [KeySpace.attempts(from: source), KeySpace.known(source)],
        [
          event, .text(user.description), .number(limits.perAccount), .number(GuessLimits.longestForAccount),
          .number(limits.perSource), .number(GuessLimits.longestForSource), .number(life), .number(accountsPerSource),
          .number(knownLife),
        ])
    ) { reply in
      guard let numbers = reply.elements?.compactMap(\.integer), numbers.count == 3 else { return nil }
      return LoginStanding(wait: numbers[0], failures: numbers[1], known: numbers[2])
    }
  }
}
