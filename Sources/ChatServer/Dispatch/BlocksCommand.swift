// `blocks [TOKEN]`: whom the user blocks.
// Never says who blocks her.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

enum BlocksCommand {
  static func run(by binding: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let worker = connection.worker
    let request = Blocks.names(blockedBy: binding.session.user)
    worker.redis.perform(request, deadline: ticket.deadline) { result in
      switch result {
      case .success(let names): connection.reply(ticket, .blocks(names.map(\.description)))
      case .failure(let error):
        worker.report(error, during: "blocks")
        connection.reply(ticket, .refused(.unavailable))
      }
    }
  }
}
