// `auth USER PASSWORD`: checks the password and opens a session.
// Never says whether the name or the password was wrong, neither in words nor in time.
// On the event loop of the connection; the hash is computed on a thread pool.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

enum AuthCommand {
  static func run(_ user: AccountName, _ password: String, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.hold()
    let finish: (Reply) -> Void = { reply in
      connection.reply(ticket, reply)
      connection.release()
    }
    let worker = connection.worker
    worker.redis.perform(Accounts.credentials(of: user), deadline: ticket.deadline) { result in
      switch result {
      case .failure(let error):
        worker.report(error, during: "auth")
        finish(.refused(.unavailable))
      case .success(let credentials):
        check(password, credentials, worker) { isRight in
          guard let isRight else { return finish(.refused(.busy)) }
          guard isRight, let credentials, !credentials.isDisabled else { return finish(.refused(.authFailed)) }
          openSession(user, credentials, on: connection, finish)
        }
      }
    }
  }

  private static func check(
    _ password: String, _ credentials: Credentials?, _ worker: Worker, _ then: @escaping (Bool?) -> Void
  ) {
    guard let checked = worker.passwords.check(password, against: credentials?.passwordHash, on: worker.eventLoop)
    else { return then(nil) }
    checked.assumeIsolated().whenComplete { result in
      if case .success(let isRight) = result { then(isRight) } else { then(nil) }
    }
  }

  private static func openSession(
    _ user: AccountName, _ credentials: Credentials, on connection: ConnectionHandler,
    _ finish: @escaping (Reply) -> Void
  ) {
    let worker = connection.worker
    let token = SessionToken.random()
    let session = Session(id: SessionID(of: token), user: user, display: credentials.display)
    let now = WallClock.now()
    let open = Sessions.open(session, node: worker.node, address: connection.remoteAddress, at: now)
    worker.redis.perform(open) { if case .failure(let error) = $0 { worker.report(error, during: "auth") } }
    // Sent with it and carried out after it: only a session that this accepts is ever told to the client. The password
    // may have been changed, or the account removed, while its hash was computed.
    let index = Sessions.enterInIndex(session, passwordHash: credentials.passwordHash, at: now)
    worker.redis.perform(index) { result in
      switch result {
      case .success(true):
        connection.bind(session, token: token).assumeIsolated().whenComplete { _ in finish(.loggedIn(token)) }
      case .success(false):
        worker.redis.perform(Sessions.end(session.id)) { _ in }
        finish(.refused(.authFailed))
      case .failure(let error):
        worker.report(error, during: "auth")
        finish(.refused(.store(error)))
      }
    }
  }
}
