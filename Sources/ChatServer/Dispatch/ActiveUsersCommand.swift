// `user_aktif [TOKEN]`: who is active, on any node.
// Never asks another node: the active set in Redis holds the answer.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

enum ActiveUsersCommand {
  static func run(on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let worker = connection.worker
    connection.hold()
    worker.redis.perform(Presence.activeNames, deadline: ticket.deadline) { result in
      switch result {
      case .success(let names):
        connection.reply(ticket, .activeUsers(ActiveUsers(names: names, count: names.count, isStale: false)))
      case .failure(let error):
        worker.report(error, during: "user_aktif")
        connection.reply(ticket, .refused(.unavailable))
      }
      connection.release()
    }
  }
}
