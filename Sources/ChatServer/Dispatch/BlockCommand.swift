// `block [TOKEN] USER`: that user's messages are refused from now on.
// Never says OK before it is in force: every node hears of it in the same step.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

/// Nothing but messages is refused: what was stored before stays, and who is blocked still sees who is active.
enum BlockCommand {
  static func run(_ other: AccountName, by binding: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let user = binding.session.user
    guard other != user else { return connection.reply(ticket, .refused(.ownName)) }
    connection.hold()
    connection.worker.redis.perform(Blocks.list(other, blockedBy: user), deadline: ticket.deadline) { result in
      switch result {
      case .success(.listed): enforce(other, blockedBy: user, on: connection, ticket)
      case .success(.full): finish(.refused(.tooManyBlocked), on: connection, ticket)
      case .success(.noAccount): finish(.refused(.invalidSession), on: connection, ticket)
      case .failure(let error):
        connection.worker.report(error, during: "block")
        finish(.refused(.store(error)), on: connection, ticket)
      }
    }
  }

  private static func enforce(
    _ other: AccountName, blockedBy user: AccountName, on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    let redis = connection.worker.redis
    redis.perform(Blocks.enforce(other, blockedBy: user), deadline: ticket.deadline) { result in
      switch result {
      case .success(true):
        // Once more: an `unblock` at the same time may have taken it out of the list in between.
        redis.perform(Blocks.list(other, blockedBy: user)) { _ in finish(.blocked, on: connection, ticket) }
      case .success(false):
        redis.perform(Blocks.unlist(other, blockedBy: user)) { _ in
          finish(.refused(.unknownUser(other)), on: connection, ticket)
        }
      case .failure(let error):
        // It is listed, and perhaps in force: saying it again completes it.
        connection.worker.report(error, during: "block")
        finish(.refused(.outcomeUnknown), on: connection, ticket)
      }
    }
  }

  private static func finish(_ reply: Reply, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.reply(ticket, reply)
    connection.release()
  }
}
