// `inbox [TOKEN]`: shows the waiting messages, oldest first, and leaves them in place.
// Never removes a message: it is removed when it is confirmed (Connection/Delivery.swift).
// On the event loop of the connection.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

enum InboxCommand {
  static func run(for reader: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    let worker = connection.worker
    let user = reader.session.user
    // One page at a time: a client that asks and never reads must not make the node collect pages for it.
    connection.hold()
    worker.startPageRead(for: user) { read(user, reader.display, on: connection, ticket) }
  }

  private static func read(
    _ user: AccountName, _ displayTo: JSONString, on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    let worker = connection.worker
    guard !connection.isClosed, .now() < ticket.deadline else {
      return finish(
        .failure(.timedOut(written: false)), ReadingProgress(shown: 0, confirmed: 0), user, on: connection, ticket)
    }
    var progress = ReadingProgress(shown: 0, confirmed: 0)
    worker.redis.perform(Inboxes.progress(of: user)) { if case .success(let found) = $0 { progress = found } }
    worker.redis.perform(Inboxes.page(of: user, displayTo: displayTo), deadline: ticket.deadline) { result in
      if case .success(.some(let page)) = result, page.isConfirmedWhole(upTo: progress.confirmed) {
        let behind = Inboxes.pageBehindConfirmed(of: user, displayTo: displayTo)
        return worker.redis.perform(behind, deadline: ticket.deadline) {
          finish($0, progress, user, on: connection, ticket)
        }
      }
      finish(result, progress, user, on: connection, ticket)
    }
  }

  private static func finish(
    _ result: Result<InboxPage?, RedisError>, _ progress: ReadingProgress, _ user: AccountName,
    on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    let worker = connection.worker
    worker.finishPageRead()
    switch result {
    case .success(.some(var page)):
      page.shownBefore = progress.shown
      page.dropConfirmed(upTo: progress.confirmed)
      if let last = page.lastSequence, last > page.shownBefore {
        worker.redis.send(Inboxes.noteShown(of: user, upTo: last)) { _ in }
      }
      page.reader = user
      connection.reply(ticket, .inbox(page))
    case .success(.none): connection.reply(ticket, .refused(.unknownUser(user)))  // the account was removed
    case .failure(let error):
      worker.report(error, during: "inbox")
      connection.reply(ticket, .refused(.unavailable))
    }
    connection.release()
  }
}

/// Takes confirmed messages off the inbox.
enum ConfirmDelivery {
  /// Nobody waits for the outcome: if it fails, the messages are shown again.
  static func run(_ delivery: Delivery, on worker: Worker) {
    worker.redis.perform(Inboxes.confirm(of: delivery.user, delivery.last, patience: worker.placePatience)) { result in
      switch result {
      case .success(.some): break
      case .success(.none):
        worker.logger.notice(
          "an inbox has changed under its reader; nothing was taken off", metadata: ["user": "\(delivery.user)"])
      case .failure(let error): worker.report(error, during: "confirm")
      }
    }
  }
}
