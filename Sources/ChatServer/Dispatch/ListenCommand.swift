// `listen [TOKEN]`: from its reply on, messages come by themselves on this connection.
// Never lets an event overtake the reply.
// On the event loop of the connection.

import ChatProtocol
import ChatState

/// It lasts until `unlisten`, the end of the session or of the connection, or until the connection is bound to a session of
/// somebody else.
enum ListenCommand {
  static func run(on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.inTurn(ticket) {
      // The session may have ended while other replies were awaited.
      guard let user = connection.binding?.session.user else {
        return connection.reply(ticket, .refused(.invalidSession))
      }
      connection.reply(ticket, .listening)
      connection.startListening(for: user)
    }
  }
}
