// Inbox lists in Redis: appending, reading the head, confirming.
// Never pops: a message leaves its list only when it was confirmed.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// Requests about inboxes. Element 0 of a list says how many messages were ever confirmed; element i holds the message
/// with the sequence number (element 0) + i. The list exists as long as its account.
package enum Inboxes {
  /// Stores a message, if the account exists: `RPUSHX` answers the length of the list, or 0 when there is none.
  package static func append(_ record: [UInt8], to user: AccountName) -> RedisCommand {
    RedisCommand("RPUSHX", .text(KeySpace.inbox(user)), .bytes(record))
  }

  /// Reads the oldest messages and leaves them there: at most `ProtocolLimits.pageMessages` and, beyond the first,
  /// `ProtocolLimits.pageBytes`. `.some(nil)` if there is no such account.
  package static func page(of user: AccountName, displayTo: JSONString) -> RedisRequest<InboxPage?> {
    // One more than a page tells whether there are more.
    let last = ProtocolLimits.pageMessages + 1
    return RedisRequest(RedisCommand("LRANGE", .text(KeySpace.inbox(user)), "0", .number(last))) { reply in
      guard let elements = reply.elements else { return nil }
      guard let first = elements.first else { return .some(nil) }
      guard let confirmed = first.integer else { return nil }
      return InboxPage(displayTo: displayTo, confirmed: confirmed, elements: elements.dropFirst())
    }
  }

  /// Takes all messages up to `sequence` off the list, if the one at that place holds `mark`. Answers whether it did.
  package static func confirm(of user: AccountName, upTo sequence: Int, mark: [UInt8]) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(Scripts.inboxConfirm, keys: [KeySpace.inbox(user)], [.number(sequence), .bytes(mark)])
    ) { $0.integer.map { $0 >= sequence } }
  }
}

extension InboxPage {
  fileprivate init(displayTo: JSONString, confirmed: Int, elements: ArraySlice<RedisReply>) {
    var records: [MessageRecord] = []
    var bytes = 0
    for element in elements.prefix(ProtocolLimits.pageMessages) {
      guard case .bytes(let stored) = element else { break }
      bytes += stored.count
      if bytes > ProtocolLimits.pageBytes, !records.isEmpty { break }
      records.append(MessageRecord(stored: stored))
    }
    self.init(
      displayTo: displayTo, firstSequence: confirmed + 1, records: records, hasMore: records.count < elements.count)
  }
}
