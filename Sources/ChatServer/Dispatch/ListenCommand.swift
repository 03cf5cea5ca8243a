// `listen [TOKEN]`: from its reply on, messages come by themselves on this connection.
// Never lets an event overtake the reply.
// On the event loop of the connection.

import ChatProtocol

enum ListenCommand {
  /// The connection's further lines wait until the reply has had its turn: from there on it listens.
  static func run(on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.hold()
    connection.reply(ticket, .listening)
  }
}
