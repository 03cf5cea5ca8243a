// `unwatch` and `unwatch USER…`: fewer events, or none.
// Never ends what was asked for by `watch *` because of a name: only `unwatch` alone does.
// On the event loop of the connection.

import ChatProtocol

enum UnwatchCommand {
  static func run(_ watched: Watched, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    guard connection.isListening else { return connection.reply(ticket, .refused(.notListening)) }
    connection.worker.unwatch(watched, by: connection)
    connection.reply(ticket, .unwatched)
  }
}
