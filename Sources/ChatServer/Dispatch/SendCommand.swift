// `[@id=TAG] send [TOKEN] USER TEXT…`: stores a message in the recipient's inbox.
// Never says OK before Redis has said that it holds the message; never stores one twice, nor one whose sender the
// recipient blocks; never lets one overtake another.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

/// One `send` on its way to Redis. A class, because what waits for the reply then holds one reference, not a copy of it all.
final class SendCommand {
  private let recipient: AccountName
  private let text: MessageText
  private let sender: Binding
  private let id: MessageID
  private let tag: RequestTag?
  private let connection: ConnectionHandler
  private let ticket: ReplyTicket
  /// Set while a plain append is under way.
  private var fill: InboxFill.Known?
  /// The nodes that are told with the message itself.
  private var told: [NodeID] = []

  private init(
    to recipient: AccountName, _ text: MessageText, from sender: Binding, tag: RequestTag?,
    on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    (self.recipient, self.text, self.sender, self.tag) = (recipient, text, sender, tag)
    (self.connection, self.ticket, id) = (connection, ticket, connection.worker.messageIDs.next())
  }

  static func run(
    to recipient: AccountName, _ text: MessageText, tag: RequestTag?, from sender: Binding,
    on connection: ConnectionHandler, _ ticket: ReplyTicket, now: NIODeadline
  ) {
    let command = SendCommand(to: recipient, text, from: sender, tag: tag, on: connection, ticket)
    switch sender.blockers.standing(with: recipient) {
    case .free: command.attempt(now: now)
    case .blocked: command.refuse()
    case .unknown: command.ask()
    }
  }

  /// News of blocks may have been missed. The connection's further lines wait.
  private func ask() {
    connection.hold()
    connection.worker.redis.perform(Blocks.isBlocked(sender.session.user, by: recipient), deadline: ticket.deadline) {
      result in
      switch result {
      case .success(false): self.attempt(now: .now())
      case .success(true): self.refuse()
      case .failure(let error): self.fail(error)
      }
      self.connection.release()
    }
  }

  /// The recipient blocks the sender. What was stored with the same tag before is stored all the same.
  private func refuse() {
    guard let tag else { return connection.reply(ticket, .refused(.blocked(by: recipient))) }
    let request = Inboxes.stored(with: tag, to: recipient, from: sender.session.user)
    connection.worker.redis.perform(request, deadline: ticket.deadline) { result in
      switch result {
      case .success(.some(let first)): self.connection.reply(self.ticket, .sentBefore(id: first))
      case .success(.none): self.connection.reply(self.ticket, .refused(.blocked(by: self.recipient)))
      case .failure(let error): self.fail(error)
      }
    }
  }

  /// Redis could not be asked about blocks.
  private func fail(_ error: RedisError) {
    connection.worker.report(error, during: "send")
    connection.reply(ticket, .refused(.unavailable))
  }

  /// A plain append is one `RPUSHX`; a tag, or an inbox that may be nearly full, needs the script.
  private func attempt(now: NIODeadline) {
    let worker = connection.worker
    told = worker.othersListening(for: recipient)
    encodeRecord(now: now)
    if tag == nil, let fill = worker.inboxFill.beginPlainAppend(to: recipient, now: now) {
      self.fill = fill
      return appendPlainly(now: now)
    }
    worker.announceMail(for: recipient, on: told)
    let limits = worker.configuration.inboxLimits
    let request =
      if let tag {
        Inboxes.appendOnce(limits, worker.scratch, id: id.text, to: recipient, from: sender.session.user, tag: tag)
      } else {
        Inboxes.appendWithin(limits, worker.scratch, to: recipient)
      }
    worker.redis.perform(request, deadline: ticket.deadline) { result in
      if case .success(.stored(let length)) = result {
        worker.inboxFill.learn(self.recipient, length: length, now: .now())
      }
      self.finish(result)
    }
  }

  /// Where one other node waits for the message and little else is under way, the notice carries it.
  private func appendPlainly(now: NIODeadline) {
    let worker = connection.worker
    let finish: RedisClient.Completion = { self.finishPlain(Inboxes.outcome(of: $0)) }
    if told.count == 1, worker.isQuiet {
      let command = Inboxes.deliver(worker.scratch, to: recipient, on: told[0])
      return worker.redis.send(command, deadline: ticket.deadline, now: now, finish)
    }
    worker.announceMail(for: recipient, on: told)
    worker.redis.sendAppend(
      deadline: ticket.deadline, now: now,
      encode: { Inboxes.encodeAppend(worker.scratch, to: recipient, into: &$0) }, finish)
  }

  /// Into the worker's scratch: a command takes its copy at once, so no message has memory of its own for it.
  private func encodeRecord(now: NIODeadline) {
    let worker = connection.worker
    let at = worker.clock.text(at: now)
    worker.scratch.removeAll(keepingCapacity: true)
    MessageRecord.encode(sender.recordHead, text: text, id: id, at: at, into: &worker.scratch)
  }

  private func finishPlain(_ result: Result<AppendOutcome, RedisError>) {
    let length: Int? = if case .success(.stored(let length)) = result { length } else { nil }
    fill?.finished(length: length)
    fill = nil
    finish(result)
  }

  private func finish(_ result: Result<AppendOutcome, RedisError>) {
    switch result {
    case .success(.stored):
      noteStored()
      connection.reply(ticket, .sent(id))
    case .success(.duplicate(let first)):
      guard first == id.text else { return connection.reply(ticket, .sentBefore(id: first)) }
      // The node had repeated the request itself, after a lost connection.
      noteStored()
      connection.reply(ticket, .sent(id))
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

  private func noteStored() {
    connection.noteStored(ticket)
    connection.worker.mailStored(for: recipient, told: told)
  }

  /// Not when a later message of this connection is stored already: this one would come after it.
  private var mayTryAgain: Bool {
    .now() + RedisClient.pause < ticket.deadline && !connection.hasStored(after: ticket)
  }

  /// Redis did nothing and can't serve for the moment. Until the next try the connection's further lines wait.
  private func tryAgain() {
    connection.hold()
    connection.worker.eventLoop.assumeIsolated().scheduleTask(in: RedisClient.pause) {
      if self.connection.hasStored(after: self.ticket) {
        self.connection.reply(self.ticket, .refused(.unavailable))
      } else {
        self.attempt(now: .now())
      }
      self.connection.release()
    }
  }
}
