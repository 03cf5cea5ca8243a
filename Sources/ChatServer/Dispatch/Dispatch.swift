// From a parsed command to the file that carries it out: who may run it, and where it is.
// Never touches Redis itself.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

/// The command table.
enum Dispatch {
  /// Runs a command that was parsed at `now`; exactly one reply takes the ticket's place.
  static func run(
    _ command: Command, on connection: ConnectionHandler, _ ticket: ReplyTicket, now: NIODeadline
  ) {
    let binding = connection.binding
    let isBound = binding.map { command.token == nil || command.token == $0.token } ?? false
    if case .activeUsers = command, isBound, connection.worker.presence.isStale {
      // Redis is away: whether the session lives can't be asked, and who was active last is known without it.
      return ActiveUsersCommand.run(on: connection, ticket)
    }
    let isTrusted = isBound && binding?.isTrusted(at: now) ?? false
    run(command, by: isTrusted ? binding : nil, on: connection, ticket, now: now)
  }

  /// The table. A command that needs a session and has none (`nil`) waits for it, and comes back here with it.
  private static func run(
    _ command: Command, by binding: Binding?, on connection: ConnectionHandler, _ ticket: ReplyTicket, now: NIODeadline
  ) {
    switch (command, binding) {
    case (.send(_, let recipient, let text, let tag), let binding?):
      SendCommand.run(to: recipient, text, tag: tag, from: binding, on: connection, ticket, now: now)
    case (.ack(_, let sequence, let id), let binding?):
      AckCommand.run(sequence, id: id, by: binding, on: connection, ticket)
    case (.inbox, let binding?): InboxCommand.run(for: binding, on: connection, ticket)
    case (.activeUsers, _?): ActiveUsersCommand.run(on: connection, ticket)
    case (.block(_, let user), let binding?): BlockCommand.run(user, by: binding, on: connection, ticket)
    case (.unblock(_, let user), let binding?): UnblockCommand.run(user, by: binding, on: connection, ticket)
    case (.blocks, let binding?): BlocksCommand.run(by: binding, on: connection, ticket)
    case (.passwd(let old, let new), let binding?):
      PasswdCommand.run(old, new, by: binding, on: connection, ticket)
    case (.logout, let binding?): LogoutCommand.run(binding, on: connection, ticket)
    case (.resume, let binding?):
      // The session is all that it asks for: no password is hashed, so a storm of reconnections is cheap.
      connection.reply(ticket, .resumed(binding.session.user, display: binding.display))
    case (.listen, _?): ListenCommand.run(on: connection, ticket)
    case (.send, nil), (.ack, nil), (.inbox, nil), (.activeUsers, nil), (.block, nil), (.unblock, nil), (.blocks, nil),
      (.passwd, nil), (.logout, nil), (.resume, nil), (.listen, nil):
      withSession(command.token, on: connection, ticket) {
        run(command, by: $0, on: connection, ticket, now: .now())
      }

    case (.unlisten, _):
      connection.inTurn(ticket) {
        connection.stopListening()
        connection.reply(ticket, .notListening)
      }
    case (.watch(let watched), _): WatchCommand.run(watched, on: connection, ticket)
    case (.unwatch(let watched), _): UnwatchCommand.run(watched, on: connection, ticket)
    case (.auth(let user, let password), _): AuthCommand.run(user, password, on: connection, ticket)
    case (.ping, _): connection.reply(ticket, .pong)
    case (.help, _): connection.reply(ticket, .help)
    case (.quit, _):
      connection.reply(ticket, .bye)
      connection.end(confirming: true)
    }
  }

  /// Goes on with the session of the token, or without one with the session that the connection is bound to, once Redis has
  /// vouched for it.
  private static func withSession(
    _ token: SessionToken?, on connection: ConnectionHandler, _ ticket: ReplyTicket,
    _ body: @escaping (Binding) -> Void
  ) {
    guard let wanted = token ?? connection.binding?.token else {
      return connection.reply(ticket, .refused(.notLoggedIn))
    }
    connection.hold()
    let worker = connection.worker
    let now = WallClock.now()
    let id = SessionID(of: wanted)
    // Redis answers in order: with the session, the node knows who blocks its user.
    if let binding = connection.binding, binding.token == wanted { binding.blockers.read() }
    worker.redis.perform(Sessions.use(id, at: now), deadline: ticket.deadline) { result in
      if case .failure(.server(let error)) = result, error.refusesWrites {
        // Reading must go on while Redis takes no writes.
        worker.report(.server(error), during: "session")
        return worker.redis.perform(Sessions.look(id), deadline: ticket.deadline) {
          goOn(with: $0, wanted, on: connection, ticket, body)
        }
      }
      if case .success(.some(let session)) = result {
        worker.redis.perform(Sessions.enterInIndex(session, at: now)) { result in
          guard case .success(false) = result else { return }  // the account is gone: so is the session
          worker.redis.perform(Sessions.end(session.id)) { _ in }
        }
      }
      goOn(with: result, wanted, on: connection, ticket, body)
    }
  }

  private static func goOn(
    with result: Result<Session?, RedisError>, _ wanted: SessionToken, on connection: ConnectionHandler,
    _ ticket: ReplyTicket, _ body: @escaping (Binding) -> Void
  ) {
    switch result {
    case .failure(let error):
      connection.worker.report(error, during: "session")
      connection.reply(ticket, .refused(.unavailable))
      connection.release()
    case .success(.none):
      if connection.binding?.token == wanted { connection.unbind(sessionEnded: true) }
      connection.reply(ticket, .refused(.invalidSession))
      connection.release()
    case .success(.some(let session)):
      if connection.binding?.token != wanted, let refusal = connection.takeToken(of: session) {
        connection.reply(ticket, .refused(refusal))
        return connection.release()
      }
      adopt(session, wanted, on: connection) { binding in
        body(binding)
        connection.release()
      } orElse: {
        connection.reply(ticket, .refused(.invalidSession))
        connection.release()
      }
    }
  }

  private static func adopt(
    _ session: Session, _ token: SessionToken, on connection: ConnectionHandler,
    _ body: @escaping (Binding) -> Void, orElse ended: @escaping () -> Void
  ) {
    // The news of its end may have come before the answer that it lives.
    if connection.worker.hasEnded(session.id) { return ended() }
    let isBound = connection.binding?.token == token
    if isBound { connection.trustSession() }
    let bound =
      isBound ? connection.worker.eventLoop.makeSucceededVoidFuture() : connection.bind(session, token: token)
    bound.assumeIsolated().whenComplete { _ in
      guard let binding = connection.binding, binding.token == token else { return ended() }
      body(binding)
    }
  }
}
