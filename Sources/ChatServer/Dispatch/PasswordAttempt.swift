// One attempt to prove a password: by `auth` or by `passwd`.
// Never hashes for a source that must wait, and answers it alike for known and unknown accounts; never lets a wrong
// password go uncounted.
// On the event loop of the connection; the hash is computed on a thread pool.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// Asks Redis whether this source may try, waits for a turn, hashes, and has a failure counted before the turn ends: so
/// all nodes together let no more attempts slip through than they hash at once.
struct PasswordAttempt {
  /// How long beyond its deadline a login may wait for its turn.
  static let usualPatience = TimeAmount.seconds(10)

  let user: AccountName
  let password: String
  let connection: ConnectionHandler
  /// Until when Redis may take to say who the user is; from then on the patience counts.
  let deadline: NIODeadline
  /// How long beyond that it may wait for its turn.
  var patience = usualPatience

  enum Outcome {
    case right(Credentials)
    case refused(Refusal)
  }

  private var worker: Worker { connection.worker }
  private var source: LoginSource { connection.loginSource }

  func run(_ then: @escaping (Outcome) -> Void) {
    worker.redis.perform(Accounts.credentials(of: user), deadline: deadline) { result in
      switch result {
      case .success(let credentials):
        // Last, so that nobody's failure lies between this answer and the hash.
        ask(deadline: deadline) { standing in
          switch standing {
          case .failure(let refusal): then(.refused(refusal))
          case .success(let standing): takeTurn(credentials, standing, then)
          }
        }
      case .failure(let error):
        worker.report(error, during: "auth")
        then(.refused(.unavailable))
      }
    }
  }

  private func ask(deadline: NIODeadline?, _ then: @escaping (Result<LoginStanding, Refusal>) -> Void) {
    guard let limits = worker.configuration.guessLimits else { return then(.success(.free)) }
    worker.redis.perform(LoginAttempts.ask(user, from: source, limits), deadline: deadline) { result in
      switch result {
      case .success(let standing) where standing.wait > 0:
        worker.telemetry.refused(by: .guesses)
        then(.failure(.tooManyAttempts(retryAfter: standing.wait)))
      case .success(let standing): then(.success(standing))
      case .failure(let error):
        worker.report(error, during: "auth")
        then(.failure(.unavailable))
      }
    }
  }

  private func takeTurn(_ credentials: Credentials?, _ standing: LoginStanding, _ then: @escaping (Outcome) -> Void) {
    let passwords = worker.passwords
    switch passwords.takeTurn(
      for: source, isKnown: standing.isKnown, until: deadline + patience, on: worker.eventLoop)
    {
    case .now: hash(credentials, standing, then)
    case .refused: refuseTurn(then)
    case .later(let turn):
      turn.assumeIsolated().whenComplete { result in
        guard case .success(true) = result else { return refuseTurn(then) }
        askAgain(credentials, then)
      }
    }
  }

  private func refuseTurn(_ then: @escaping (Outcome) -> Void) {
    worker.telemetry.refused(by: .passwordQueue)
    then(.refused(.busy))
  }

  /// Its turn has come, and others before it may have failed meanwhile. Who is gone gets no hash, nor who has said that nothing
  /// more comes (and is gone, most likely) while others wait.
  private func askAgain(_ credentials: Credentials?, _ then: @escaping (Outcome) -> Void) {
    if connection.isClosed || (connection.peerHasEnded && worker.passwords.load.waiting > 0) {
      worker.passwords.endTurn()
      return refuseTurn(then)
    }
    ask(deadline: nil) { standing in
      switch standing {
      case .failure(let refusal):
        worker.passwords.endTurn()
        then(.refused(refusal))
      case .success(let standing): hash(credentials, standing, then)
      }
    }
  }

  /// A missing account costs what a wrong password does.
  private func hash(_ credentials: Credentials?, _ standing: LoginStanding, _ then: @escaping (Outcome) -> Void) {
    let cost = worker.configuration.passwordCost
    let stored = credentials?.passwordHash
    let checked = worker.passwords.run(on: worker.eventLoop) { [password] in
      (stored.flatMap { PasswordHash($0) } ?? .ofNobody(cost: cost)).matches(password)
    }
    checked.assumeIsolated().whenComplete { result in
      guard case .success(let matches) = result else {
        worker.passwords.endTurn()
        return refuseTurn(then)
      }
      guard matches, let credentials, !credentials.isDisabled else { return noteWrong(then) }
      worker.passwords.endTurn()
      if standing.isWorthNoting, let limits = worker.configuration.guessLimits {
        worker.redis.perform(LoginAttempts.noteRight(user, from: source, limits)) { _ in }
      }
      then(.right(credentials))
    }
  }

  private func noteWrong(_ then: @escaping (Outcome) -> Void) {
    guard let limits = worker.configuration.guessLimits else {
      worker.passwords.endTurn()
      return then(.refused(.authFailed))
    }
    worker.redis.perform(LoginAttempts.noteWrong(user, from: source, limits)) { result in
      worker.passwords.endTurn()
      switch result {
      case .success(let standing):
        if standing.wait > 0 {
          worker.logger.info(
            "too many wrong passwords", metadata: ["source": "\(source)", "wait_ms": "\(standing.wait)"])
        }
        then(.refused(.authFailed))
      case .failure(let error):
        worker.report(error, during: "auth")
        then(.refused(.unavailable))
      }
    }
  }
}
