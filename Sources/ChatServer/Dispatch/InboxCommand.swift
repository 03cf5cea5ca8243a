// `inbox [TOKEN]`: shows the waiting messages, oldest first, and leaves them in place.
// Never removes a message: it is removed when it is confirmed (Connection/Delivery.swift).
// On the event loop of the connection.

import ChatProtocol
import ChatState
import Logging
import RedisClient

enum InboxCommand {
  static func run(for reader: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let worker = connection.worker
    let user = reader.session.user
    // One page at a time: a client that asks and never reads must not make the node collect pages for it.
    connection.hold()
    worker.redis.perform(Inboxes.page(of: user, displayTo: reader.display)) { result in
      switch result {
      case .success(.some(let page)): connection.deliver(page, of: user, ticket)
      case .success(.none): connection.reply(ticket, .refused(.unknownUser(user)))  // the account was removed
      case .failure(let error):
        worker.report(error, during: "inbox")
        connection.reply(ticket, .refused(.unavailable))
      }
      connection.release()
    }
  }
}

/// Takes confirmed messages off the inbox.
enum ConfirmDelivery {
  /// Nobody waits for the outcome: if it fails, the messages are shown again.
  static func run(_ delivery: Delivery, on worker: Worker) {
    let request = Inboxes.confirm(of: delivery.user, upTo: delivery.sequence, mark: delivery.mark)
    worker.redis.perform(request) { result in
      switch result {
      case .success(true): break
      case .success(false):
        worker.logger.notice(
          "an inbox has changed under its reader; nothing was taken off", metadata: ["user": "\(delivery.user)"])
      case .failure(let error): worker.report(error, during: "confirm")
      }
    }
  }
}
