// `auth USER PASSWORD`: checks the password and opens a session.
// Never says whether the name or the password was wrong, neither in words nor in time.
// On the event loop of the connection; hashes are computed on a thread pool.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

struct AuthCommand {
  private let user: AccountName
  private let password: String
  private let connection: ConnectionHandler
  private let ticket: ReplyTicket

  static func run(_ user: AccountName, _ password: String, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.hold()
    AuthCommand(user: user, password: password, connection: connection, ticket: ticket).attempt(isLast: false)
  }

  private var worker: Worker { connection.worker }

  private func finish(_ reply: Reply) {
    connection.reply(ticket, reply)
    connection.release()
  }

  private func attempt(isLast: Bool) {
    // The first has used its time up; who needs a second must not wait as long again.
    PasswordAttempt(
      user: user, password: password, connection: connection,
      deadline: isLast ? .now() + worker.configuration.requestTimeout : ticket.deadline,
      patience: isLast ? .zero : PasswordAttempt.usualPatience
    ).run { outcome in
      switch outcome {
      case .refused(let refusal): finish(.refused(refusal))
      // Nobody will use it, and whoever left must not learn from its traces whether the password was right.
      case .right where connection.isClosed: finish(.refused(.authFailed))
      case .right(let credentials): openSession(credentials, isLast: isLast)
      }
    }
  }

  private func openSession(_ credentials: Credentials, isLast: Bool) {
    let token = SessionToken.random()
    let session = Session(id: SessionID(of: token), user: user, display: credentials.display)
    let now = WallClock.now()
    let open = Sessions.open(session, node: worker.node, address: connection.remoteAddress, at: now)
    worker.redis.perform(open) { if case .failure(let error) = $0 { worker.report(error, during: "auth") } }
    // Sent with it and carried out after it: only a session that this accepts is ever told to the client. The password
    // may have been changed, or the account removed, while its hash was computed.
    let enter = Sessions.enterNew(
      session, passwordHash: credentials.passwordHash, limit: worker.configuration.sessionsPerUser, at: now)
    worker.redis.perform(enter) { result in
      switch result {
      case .success(.some(let excess)):
        for old in excess { endOldest(old) }
        // The news of its end may have come before the answer that it lives.
        if worker.hasEnded(session.id) { return finish(.refused(.authFailed)) }
        connection.bind(session, token: token).assumeIsolated().whenComplete { _ in
          worker.logger.debug(
            "logged in",
            metadata: ["connection": "\(connection.name)", "user": "\(user)", "session": "\(session.id.short)"])
          finish(.loggedIn(token))
          PasswordRenewal.runIfNeeded(of: user, password, checked: credentials.passwordHash, on: worker)
        }
      case .success(.none):
        worker.redis.perform(Sessions.end(session.id)) { _ in }
        // The same password may have been hashed anew meanwhile: then it is still right.
        if isLast { finish(.refused(.authFailed)) } else { attempt(isLast: true) }
      case .failure(let error):
        worker.report(error, during: "auth")
        finish(.refused(.store(error)))
      }
    }
  }

  /// The user has more sessions than one may have.
  private func endOldest(_ session: SessionID) {
    worker.telemetry.refused(by: .sessionsPerUser)
    worker.redis.perform(Sessions.end(session)) { result in
      guard case .success = result else { return }  // it is still in the index: the next login ends it
      worker.logger.debug(
        "ended the oldest of too many sessions", metadata: ["user": "\(user)", "session": "\(session.short)"])
      worker.redis.perform(Sessions.removeFromIndex(session, user: user)) { _ in }
    }
  }
}

/// Hashes a password anew when the settings ask for another cost than it was stored with.
enum PasswordRenewal {
  /// In the background, and only if nobody waits for a hash: there will be another login. Nothing is stored if the password
  /// has been changed since it was checked.
  static func runIfNeeded(of user: AccountName, _ password: String, checked: String, on worker: Worker) {
    let cost = worker.configuration.passwordCost
    guard PasswordHash(checked)?.cost != cost, worker.passwords.takeIdleTurn() else { return }
    let hashed = worker.passwords.run(on: worker.eventLoop) {
      try PasswordHash(password: password, cost: cost).description
    }
    hashed.assumeIsolated().whenComplete { result in
      worker.passwords.endTurn()
      guard case .success(let hash) = result else { return }
      worker.redis.perform(Accounts.replacePassword(of: user, from: checked, to: hash)) { _ in }
    }
  }
}
