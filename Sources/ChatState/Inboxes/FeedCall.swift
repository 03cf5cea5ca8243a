// What a place with listening connections tells an inbox and what it is answered: the words of `inbox_advance.lua`.
// Never decides when to call: the feed of the place does.
// Pure values; any thread.

import ChatProtocol
import RedisClient

/// A message by its number in the inbox, and by a piece of it (`MessageRecord.mark`) that shows that it is this one.
package struct MessagePlace: Sendable, Equatable {
  package let sequence: Int
  package let mark: [UInt8]

  package init(sequence: Int, mark: [UInt8]) { (self.sequence, self.mark) = (sequence, mark) }
}

/// How far the readers of an inbox are, by the numbers of messages.
package struct ReadingProgress: Sendable, Equatable {
  /// The last one that was ever shown; 0 for none.
  package let shown: Int
  /// Up to which all are confirmed although they are still in the list, for a listener that has not got them yet; 0 if
  /// nothing waits so.
  package let confirmed: Int

  package init(shown: Int, confirmed: Int) { (self.shown, self.confirmed) = (shown, confirmed) }
}

/// One call of a place.
package struct FeedCall: Sendable, Equatable {
  /// Unique among all event loops of all nodes.
  package var place: String
  /// Up to which message all its reading listeners have everything; `nil` if none of them reads.
  package var position: Int?
  /// Behind which message to read; `nil`: behind what is confirmed.
  package var after: MessagePlace?
  /// How many messages at most; 0 reads nothing.
  package var wanted: Int

  package init(place: String, position: Int?, after: MessagePlace?, wanted: Int) {
    (self.place, self.position, self.after, self.wanted) = (place, position, after, wanted)
  }
}

/// What it answers.
package struct FeedAnswer: Sendable, Equatable {
  /// Up to which message all are confirmed.
  package let confirmed: Int
  /// Up to which message the inbox had been shown before this call.
  package let shown: Int
  /// How long the list is, element 0 included.
  package let length: Int
  /// The number of its last message, or of the last confirmed one if it is empty.
  package let last: Int
  /// The number before that of the first record.
  package let after: Int
  /// The messages, oldest first, without gaps.
  package let records: [MessageRecord]

  package init(confirmed: Int, shown: Int, length: Int, last: Int, after: Int, records: [MessageRecord]) {
    (self.confirmed, self.shown, self.length) = (confirmed, shown, length)
    (self.last, self.after, self.records) = (last, after, records)
  }

  /// Reads the script's answer; `nil` if it has an unexpected shape.
  init?(_ answer: [RedisReply]) {
    let numbers = answer.prefix(6).compactMap(\.integer)
    guard numbers.count == 6, numbers.allSatisfy(ProtocolLimits.sequences.contains) else { return nil }
    let records = answer.dropFirst(6).compactMap { element -> MessageRecord? in
      guard case .bytes(let stored) = element else { return nil }
      return MessageRecord(stored: stored)
    }
    guard records.count == answer.count - 6 else { return nil }
    self.init(
      confirmed: numbers[0], shown: numbers[2], length: numbers[4], last: numbers[5], after: numbers[3],
      records: records)
  }
}
