// `ack [TOKEN] SEQ [ID]`: confirms messages by their number.
// Never removes a message that the client can't name: by its id, or because this connection has shown it.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import RedisClient

enum AckCommand {
  static func run(
    _ sequence: Int, id: String?, by reader: Binding, on connection: ConnectionHandler, _ ticket: ReplyTicket
  ) {
    let worker = connection.worker
    let user = reader.session.user
    if id == nil, let feed = connection.listening?.feed {
      switch feed.find(sequence, for: connection) {
      case .confirmed(let count): return connection.reply(ticket, .confirmed(count))
      case .unconfirmed(let message): return feed.acknowledge(message, on: connection, ticket)
      case .unknown: break  // perhaps a page of `inbox` has shown it
      }
    }
    let shown = connection.mark(of: sequence, shownTo: user)
    guard let mark = id.map({ MessageRecord.mark(ofID: $0) }) ?? shown else {
      return connection.reply(ticket, .refused(.unknownMessage))
    }
    let message = MessagePlace(sequence: sequence, mark: mark)
    worker.redis.perform(Inboxes.confirm(of: user, message, patience: worker.placePatience), deadline: ticket.deadline)
    { result in
      switch result {
      case .success(.some(let count)):
        connection.reply(ticket, .confirmed(count))
        connection.listening?.feed.look()  // its window moves on
      case .success(.none): connection.reply(ticket, .refused(.unknownMessage))
      case .failure(let error):
        worker.report(error, during: "ack")
        connection.reply(ticket, .refused(.store(error)))
      }
    }
  }
}
