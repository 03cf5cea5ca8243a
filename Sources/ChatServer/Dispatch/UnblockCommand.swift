// `unblock [TOKEN] USER`: that user's messages are taken again.
// Never takes a name out of the list while the block is in force.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

enum UnblockCommand {
  static func run(_ other: AccountName, by binding: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let user = binding.session.user
    let worker = connection.worker
    connection.hold()
    worker.redis.perform(Blocks.lift(other, blockedBy: user), deadline: ticket.deadline) { result in
      if case .failure(let error) = result {
        worker.report(error, during: "unblock")
        connection.reply(ticket, .refused(.store(error)))
        return connection.release()
      }
      worker.redis.perform(Blocks.unlist(other, blockedBy: user), deadline: ticket.deadline) { result in
        switch result {
        case .success:
          // A `block` at the same time may be in force: what is in force must be listed.
          return worker.redis.perform(Blocks.isBlocked(other, by: user)) { result in
            if case .success(true) = result { worker.redis.perform(Blocks.list(other, blockedBy: user)) { _ in } }
            connection.reply(ticket, .unblocked)
            connection.release()
          }
        case .failure(let error):
          // Lifted, and perhaps still listed: saying it again completes it.
          worker.report(error, during: "unblock")
          connection.reply(ticket, .refused(.outcomeUnknown))
        }
        connection.release()
      }
    }
  }
}
