// `user_aktif [TOKEN]`: who is active, on any node.
// Never asks Redis or another node: this node's view holds the answer, and says when it may be out of date.
// On the event loop of the connection.

import ChatProtocol

enum ActiveUsersCommand {
  static func run(on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.reply(ticket, .activeUsers(connection.worker.presence.activeUsers()))
  }
}
