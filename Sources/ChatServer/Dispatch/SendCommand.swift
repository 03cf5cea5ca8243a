// `send [TOKEN] USER TEXT…`: stores a message in the recipient's inbox.
// Never says OK before Redis has said that it holds the message.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

enum SendCommand {
  static func run(
    to recipient: AccountName, _ text: MessageText, from sender: Binding, on connection: ConnectionHandler,
    _ ticket: ReplyTicket
  ) {
    let worker = connection.worker
    let id = worker.messageIDs.next()
    let record = MessageRecord.encode(
      from: sender.session.user, displayFrom: sender.display, text: text, id: id, at: worker.clock.text())
    worker.redis.send(Inboxes.append(record, to: recipient)) { result in
      switch result {
      case .success(.integer(0)): connection.reply(ticket, .refused(.unknownUser(recipient)))
      case .success(.integer): connection.reply(ticket, .sent(id: id))
      case .success(.error(let error)): fail(.server(error))
      case .success: fail(.unexpectedReply)
      case .failure(let error): fail(error)
      }
    }

    func fail(_ error: RedisError) {
      worker.report(error, during: "send")
      connection.reply(ticket, .refused(error.outcomeIsUnknown ? .outcomeUnknown : .unavailable))
    }
  }
}
