// `logout [TOKEN]`: ends the session, on every node and connection.
// Never says that it is done before the token is worthless.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

enum LogoutCommand {
  static func run(_ binding: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let worker = connection.worker
    let session = binding.session
    connection.hold()
    connection.isLoggingOut = true
    worker.redis.perform(Sessions.end(session.id), deadline: ticket.deadline) { result in
      connection.isLoggingOut = false
      if case .failure(let error) = result {
        worker.report(error, during: "logout")
        connection.reply(ticket, .refused(.store(error)))
        return connection.release()
      }
      worker.redis.perform(Sessions.removeFromIndex(session.id, user: session.user)) { _ in }
      connection.unbind(sessionEnded: true).assumeIsolated().whenComplete { _ in
        connection.reply(ticket, .loggedOut)
        connection.release()
      }
    }
  }
}
