// `[@id=TAG] send [TOKEN] USER TEXT…`: stores a message in the recipient's inbox.
// Never says OK before Redis has said that it holds the message; never stores one twice, nor one whose sender the
// recipient blocks; never lets one overtake another.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

/// One `send` on its way to Redis.
struct SendCommand {
  private let recipient: AccountName
  private let sender: AccountName
  private let id: String
  private let record: [UInt8]
  private let tag: RequestTag?
  private let connection: ConnectionHandler
  private let ticket: ReplyTicket

  static func run(
    to recipient: AccountName, _ text: MessageText, tag: RequestTag?, from sender: Binding,
    on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    let worker = connection.worker
    let id = worker.messageIDs.next()
    let record = MessageRecord.encode(
      from: sender.session.user, displayFrom: sender.display, text: text, id: id, at: worker.clock.text())
    let command = SendCommand(
      recipient: recipient, sender: sender.session.user, id: id, record: record, tag: tag,
      connection: connection, ticket: ticket)
    switch sender.blockers.standing(with: recipient) {
    case .free: command.attempt()
    case .blocked: command.refuse()
    case .unknown: command.ask()
    }
  }

  /// News of blocks may have been missed. The connection's further lines wait.
  private func ask() {
    connection.hold()
    connection.worker.redis.perform(Blocks.isBlocked(sender, by: recipient), deadline: ticket.deadline) { result in
      switch result {
      case .success(false): attempt()
      case .success(true): refuse()
      case .failure(let error):
        connection.worker.report(error, during: "send")
        connection.reply(ticket, .refused(.unavailable))
      }
      connection.release()
    }
  }

  /// The recipient blocks the sender. What was stored with the same tag before is stored all the same.
  private func refuse() {
    guard let tag else { return connection.reply(ticket, .refused(.blocked(by: recipient))) }
    let request = Inboxes.stored(with: tag, to: recipient, from: sender)
    connection.worker.redis.perform(request, deadline: ticket.deadline) { result in
      switch result {
      case .success(.some(let first)): connection.reply(ticket, .sent(id: first, isDuplicate: true))
      case .success(.none): connection.reply(ticket, .refused(.blocked(by: recipient)))
      case .failure(let error):
        connection.worker.report(error, during: "send")
        connection.reply(ticket, .refused(.unavailable))
      }
    }
  }

  /// A plain append is one `RPUSHX`; a tag, or an inbox that may be nearly full, needs the script.
  private func attempt() {
    let worker = connection.worker
    let limits = worker.configuration.inboxLimits
    if let tag {
      let request = Inboxes.appendOnce(limits, record, id: id, to: recipient, from: sender, tag: tag)
      worker.redis.perform(request, deadline: ticket.deadline) { finish($0) }
    } else if worker.inboxFill.mayAppendPlainly(to: recipient, now: .now()) {
      worker.redis.perform(Inboxes.append(record, to: recipient), deadline: ticket.deadline) { result in
        if case .success(.stored(let length)) = result {
          worker.inboxFill.finished(recipient, length: length, now: .now())
        } else {
          worker.inboxFill.finished(recipient, length: nil, now: .now())
        }
        finish(result)
      }
    } else {
      worker.redis.perform(Inboxes.appendWithin(limits, record, to: recipient), deadline: ticket.deadline) { result in
        if case .success(.stored(let length)) = result {
          worker.inboxFill.learn(recipient, length: length, now: .now())
        }
        finish(result)
      }
    }
  }

  private func finish(_ result: Result<AppendOutcome, RedisError>) {
    switch result {
    case .success(.stored):
      connection.noteStored(ticket)
      connection.worker.noteMail(for: recipient)
      connection.reply(ticket, .sent(id: id, isDuplicate: false))
    case .success(.duplicate(let first)):
      // Our own id: the node had repeated the request itself, after a lost connection.
      if first == id {
        connection.noteStored(ticket)
        connection.worker.noteMail(for: recipient)
      }
      connection.reply(ticket, .sent(id: first, isDuplicate: first != id))
    case .success(.noSuchAccount): connection.reply(ticket, .refused(.unknownUser(recipient)))
    case .success(.full):
      connection.worker.telemetry.refused(by: .inbox)
      connection.reply(ticket, .refused(.inboxFull(recipient)))
    case .failure(.server(let error)) where error.isPassing && mayTryAgain: tryAgain()
    case .failure(let error):
      connection.worker.report(error, during: "send")
      connection.reply(ticket, .refused(.store(error)))
    }
  }

  /// Not when a later message of this connection is stored already: this one would come after it.
  private var mayTryAgain: Bool {
    .now() + RedisClient.pause < ticket.deadline && !connection.hasStored(after: ticket)
  }

  /// Redis did nothing and can't serve for the moment. Until the next try the connection's further lines wait.
  private func tryAgain() {
    connection.hold()
    connection.worker.eventLoop.assumeIsolated().scheduleTask(in: RedisClient.pause) {
      if connection.hasStored(after: ticket) {
        connection.reply(ticket, .refused(.unavailable))
      } else {
        attempt()
      }
      connection.release()
    }
  }
}
