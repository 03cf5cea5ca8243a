// `passwd OLD NEW`: changes the user's password and ends her other sessions.
// Never takes the session's word for it: the old password is checked, and counted when it is wrong, as at a login.
// On the event loop of the connection; hashes are computed on a thread pool.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

struct PasswdCommand {
  private let own: Session
  private let new: String
  private let connection: ConnectionHandler
  private let ticket: ReplyTicket

  static func run(
    _ old: String, _ new: String, by binding: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    connection.hold()
    let command = PasswdCommand(own: binding.session, new: new, connection: connection, ticket: ticket)
    PasswordAttempt(
      user: binding.session.user, password: old, connection: connection, deadline: ticket.deadline
    ).run { outcome in
      switch outcome {
      case .refused(let refusal): command.finish(.refused(refusal))
      case .right(let credentials): command.takeTurn(checked: credentials.passwordHash)
      }
    }
  }

  /// By another `passwd`, or a login has hashed the same one anew: trying again tells.
  private static let changed = Refusal(
    .busy, "the stored password has changed in this very moment: try again", retryAfter: 100)

  private var worker: Worker { connection.worker }

  private func finish(_ reply: Reply) {
    connection.reply(ticket, reply)
    connection.release()
  }

  private func takeTurn(checked: String) {
    let end = NIODeadline.now() + PasswordAttempt.usualPatience
    switch worker.passwords.takeTurn(for: connection.loginSource, isKnown: true, until: end, on: worker.eventLoop) {
    case .now: hash(checked: checked)
    case .refused: refuseTurn()
    case .later(let turn):
      turn.assumeIsolated().whenComplete { result in
        if case .success(true) = result { hash(checked: checked) } else { refuseTurn() }
      }
    }
  }

  private func refuseTurn() {
    worker.telemetry.refused(by: .passwordQueue)
    finish(.refused(.busy))
  }

  private func hash(checked: String) {
    let cost = worker.configuration.passwordCost
    let hashed = worker.passwords.run(on: worker.eventLoop) { [new] in
      try PasswordHash(password: new, cost: cost).description
    }
    hashed.assumeIsolated().whenComplete { result in
      worker.passwords.endTurn()
      guard case .success(let hash) = result else { return refuseTurn() }
      replace(checked, with: hash)
    }
  }

  private func replace(_ checked: String, with hash: String) {
    worker.redis.perform(Accounts.replacePassword(of: own.user, from: checked, to: hash)) { result in
      switch result {
      case .success(true): endOthers()
      case .success(false): finish(.refused(Self.changed))
      case .failure(let error): fail(error)
      }
    }
  }

  /// From here on no login with the old password gets into the index, so that none is missed.
  private func endOthers() {
    worker.redis.perform(Sessions.ids(of: own.user)) { result in
      switch result {
      case .failure(let error): fail(error)
      case .success(let all): end(all.filter { $0 != own.id }[...])
      }
    }
  }

  private func end(_ sessions: ArraySlice<SessionID>) {
    guard let next = sessions.first else {
      worker.logger.debug("changed a password", metadata: ["user": "\(own.user)", "session": "\(own.id.short)"])
      return finish(.passwordChanged)
    }
    worker.redis.perform(Sessions.end(next)) { result in
      if case .failure(let error) = result { return fail(error) }
      worker.redis.perform(Sessions.removeFromIndex(next, user: own.user)) { _ in }
      end(sessions.dropFirst())
    }
  }

  /// The password may be changed already: `outcome_unknown`, and trying again with either tells.
  private func fail(_ error: RedisError) {
    worker.report(error, during: "passwd")
    finish(.refused(.outcomeUnknown))
  }
}
