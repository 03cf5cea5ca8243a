// Inbox lists in Redis: appending, reading the head, confirming.
// Never pops: a message leaves its list only when it was confirmed.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// What came of an append.
package enum AppendOutcome: Sendable, Equatable {
  /// Stored; the list has this length now.
  case stored(length: Int)
  /// A request with the same tag had stored it, under this id.
  case duplicate(id: String)
  case noSuchAccount
  case full

  /// Reads the answers of `RPUSHX` and of `inbox_append.lua`.
  fileprivate init?(_ reply: RedisReply) {
    switch reply {
    case .integer(0): self = .noSuchAccount
    case .integer(-1): self = .full
    case .integer(let length): self = .stored(length: length)
    case .bytes: self = .duplicate(id: reply.text ?? "")
    default: return nil
    }
  }
}

/// Requests about inboxes. Element 0 of a list says how many messages were ever confirmed; element i holds the message
/// with the sequence number (element 0) + i. The list exists as long as its account.
package enum Inboxes {
  /// How long a tag is remembered, in milliseconds: 10 min.
  package static let tagLife = 600_000

  /// Stores a message, if the account exists: `RPUSHX` answers the length of the list, or 0 when there is none. It knows
  /// no bound (see `InboxFill`) and must not be repeated: nobody could tell a second message from the first.
  package static func append(_ record: [UInt8], to user: AccountName) -> RedisRequest<AppendOutcome> {
    RedisRequest(
      RedisCommand("RPUSHX", .text(KeySpace.inbox(user)), .bytes(record)).appending(.never)
    ) { AppendOutcome($0) }
  }

  /// The same within the bounds.
  package static func appendWithin(
    _ limits: InboxLimits, _ record: [UInt8], to user: AccountName
  ) -> RedisRequest<AppendOutcome> {
    append(record, keys: [KeySpace.inbox(user)], limits, id: "").appending(.never)
  }

  /// The same, once for each tag: repeating it does no harm.
  package static func appendOnce(
    _ limits: InboxLimits, _ record: [UInt8], id: String, to user: AccountName, from sender: AccountName,
    tag: RequestTag
  ) -> RedisRequest<AppendOutcome> {
    append(record, keys: [KeySpace.inbox(user), KeySpace.once(tag, from: sender, to: user)], limits, id: id)
      .appending(.afterLoss)
  }

  /// The script goes as a whole (EVAL): had Redis forgotten it, a call by digest would be refused and repeated, and a
  /// later message of the same sender could overtake it.
  private static func append(
    _ record: [UInt8], keys: [String], _ limits: InboxLimits, id: String
  ) -> RedisRequest<AppendOutcome> {
    let arguments: [RedisArgument] = [
      .bytes(record), .number(limits.messages), .number(limits.bytes), .number(ProtocolLimits.recordBytes), .text(id),
      .number(tagLife),
    ]
    return RedisRequest(RedisCommand(wholeScript: Scripts.inboxAppend, keys: keys, arguments)) { AppendOutcome($0) }
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

  /// The sequence number of the last message that was ever shown; 0 for none.
  package static func lastShown(of user: AccountName) -> RedisRequest<Int> {
    RedisRequest(RedisCommand("GET", .text(KeySpace.shown(user)))) { $0 == .null ? 0 : $0.integer }
  }

  /// Notes that messages up to `sequence` are about to be shown. It only serves the mark `redelivered`.
  package static func noteShown(of user: AccountName, upTo sequence: Int) -> RedisCommand {
    RedisCommand(Scripts.inboxShown, keys: [KeySpace.shown(user)], [.number(sequence)])
  }

  /// Takes all messages up to `sequence` off the list, if the one at that place holds `mark`. Answers how many messages
  /// were ever confirmed, or `.some(nil)` if it is another message.
  package static func confirm(of user: AccountName, upTo sequence: Int, mark: [UInt8]) -> RedisRequest<Int?> {
    RedisRequest(
      RedisCommand(Scripts.inboxConfirm, keys: [KeySpace.inbox(user)], [.number(sequence), .bytes(mark)])
    ) { $0.integer.map { $0 < 0 ? nil : $0 } }
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
