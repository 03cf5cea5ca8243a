// `watch *` and `watch USER…`: presence as events.
// Never lets a change fall between its reply and the first event.
// On the event loop of the connection.

import ChatProtocol

/// Events come at most once a second for all that changed; for a user who went and came back within that second there is
/// none. When more than 1,000 users changed at once, one `presence_summary` comes instead: `watch` again, or `user_aktif`,
/// tells who is active. A client that did not read for a while is told the present state instead of what it missed.
enum WatchCommand {
  static func run(_ watched: Watched, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    connection.inTurn(ticket) {
      guard connection.isListening else { return connection.reply(ticket, .refused(.notListening)) }
      guard let active = connection.worker.watch(watched, by: connection) else {
        return connection.reply(ticket, .refused(.tooManyWatched))
      }
      connection.reply(ticket, .watching(active))
    }
  }
}
