// From a parsed command to the file that carries it out: who may run it, and where it is.
// Never touches Redis itself.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

/// The command table.
enum Dispatch {
  /// Runs a command; exactly one reply takes the ticket's place.
  static func run(_ command: Command, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    switch command {
    case .ping: connection.reply(ticket, .pong)
    case .help: connection.reply(ticket, .help)
    case .quit:
      connection.reply(ticket, .bye)
      connection.end(confirming: true)
    case .auth(let user, let password): AuthCommand.run(user, password, on: connection, ticket)
    case .passwd(let old, let new):
      withSession(nil, on: connection, ticket) { PasswdCommand.run(old, new, by: $0, on: connection, ticket) }
    case .send(let token, let recipient, let text, let tag):
      withSession(token, on: connection, ticket) {
        SendCommand.run(to: recipient, text, tag: tag, from: $0, on: connection, ticket)
      }
    case .ack(let token, let sequence, let id):
      withSession(token, on: connection, ticket) {
        AckCommand.run(sequence, id: id, by: $0, on: connection, ticket)
      }
    case .inbox(let token):
      withSession(token, on: connection, ticket) { InboxCommand.run(for: $0, on: connection, ticket) }
    case .activeUsers(let token)
    where connection.worker.presence.isStale && isBound(connection, to: token):
      // Redis is away: whether the session lives can't be asked, and who was active last is known without it.
      ActiveUsersCommand.run(on: connection, ticket)
    case .activeUsers(let token):
      withSession(token, on: connection, ticket) { _ in ActiveUsersCommand.run(on: connection, ticket) }
    case .block(let token, let user):
      withSession(token, on: connection, ticket) { BlockCommand.run(user, by: $0, on: connection, ticket) }
    case .unblock(let token, let user):
      withSession(token, on: connection, ticket) { UnblockCommand.run(user, by: $0, on: connection, ticket) }
    case .blocks(let token):
      withSession(token, on: connection, ticket) { BlocksCommand.run(by: $0, on: connection, ticket) }
    case .logout(let token):
      withSession(token, on: connection, ticket) { LogoutCommand.run($0, on: connection, ticket) }
    case .resume(let token):
      // The session is all that it asks for: no password is hashed, so a storm of reconnections is cheap.
      withSession(token, on: connection, ticket) {
        connection.reply(ticket, .resumed($0.session.user, display: $0.display))
      }
    case .listen(let token):
      withSession(token, on: connection, ticket) { _ in ListenCommand.run(on: connection, ticket) }
    case .unlisten:
      connection.inTurn(ticket) {
        connection.stopListening()
        connection.reply(ticket, .notListening)
      }
    case .watch(let watched): WatchCommand.run(watched, on: connection, ticket)
    case .unwatch(let watched): UnwatchCommand.run(watched, on: connection, ticket)
    }
  }

  /// Whether the connection is bound to the session of this token, or without one to any.
  private static func isBound(_ connection: ConnectionHandler, to token: SessionToken?) -> Bool {
    guard let binding = connection.binding else { return false }
    return token == nil || token == binding.token
  }

  /// Goes on with the session of the token, or without one with the session that the connection is bound to. A session
  /// that is not bound here, or that Redis has not vouched for lately, is looked up first.
  private static func withSession(
    _ token: SessionToken?, on connection: ConnectionHandler, _ ticket: ReplyTicket,
    _ body: @escaping (Binding) -> Void
  ) {
    guard let wanted = token ?? connection.binding?.token else {
      return connection.reply(ticket, .refused(.notLoggedIn))
    }
    if let binding = connection.binding, binding.token == wanted, binding.isTrusted(at: .now()) {
      return body(binding)
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
      if connection.binding?.token != wanted, let refusal = connection.takeToken(of: session.id) {
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
