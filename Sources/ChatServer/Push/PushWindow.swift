// What one listening connection has been sent and has not confirmed.
// Never larger than its bound: beyond it the flow pauses until an `ack`.
// Pure value; on the event loop of its connection.

import ChatProtocol
import ChatState
import DequeModule

/// The messages between what the user has confirmed and what this connection was sent last.
struct PushWindow {
  /// How many messages may be unconfirmed.
  let limit: Int
  /// The last message that was sent here; `nil` until the inbox has said where to begin.
  private(set) var cursor: Int?
  /// The mark of that message, also when it is confirmed; empty if it was not sent here.
  private var lastMark: [UInt8] = []
  /// Messages up to this one had been shown before this connection listened: they are marked `redelivered`.
  private var shownBefore = 0
  private var confirmed = 0
  /// The marks of the messages behind `confirmed` up to `cursor`; none if others have confirmed further than this one is.
  private var marks = Deque<[UInt8]>()

  init(limit: Int) { self.limit = limit }

  /// How many more messages may be sent now.
  var room: Int { limit - marks.count }

  /// Where the next reading begins; `nil` for the beginning.
  var after: MessagePlace? { cursor.map { MessagePlace(sequence: $0, mark: lastMark) } }

  /// Whether this message was the last one that was sent here.
  func isLast(_ sequence: Int, mark: [UInt8]) -> Bool { cursor == sequence && lastMark == mark }

  /// Begins behind a message; the inbox was shown up to `shown` already.
  mutating func begin(after sequence: Int, shown: Int) {
    (cursor, confirmed, shownBefore) = (sequence, sequence, shown)
    (marks, lastMark) = ([], [])
  }

  /// Begins anew: the list is another one than that whose messages were sent.
  mutating func restart() {
    cursor = nil
    (marks, lastMark) = ([], [])
  }

  /// Messages in between were confirmed and taken off while this connection did not read.
  mutating func skip(to sequence: Int) {
    guard let cursor, cursor < sequence else { return }
    self.cursor = sequence
    confirmed = max(confirmed, sequence)
    (marks, lastMark) = ([], [])
  }

  /// The next message leaves; `true` if it was shown before.
  mutating func sent(_ sequence: Int, mark: [UInt8]) -> Bool {
    (cursor, lastMark) = (sequence, mark)
    if sequence > confirmed { marks.append(mark) }
    return sequence <= shownBefore
  }

  /// The user has confirmed up to a message, here or elsewhere.
  mutating func confirm(upTo sequence: Int) {
    guard cursor != nil, sequence > confirmed else { return }
    marks.removeFirst(min(sequence - confirmed, marks.count))
    confirmed = sequence
  }

  /// What `ack` with this number means here.
  func find(_ sequence: Int) -> Found {
    guard let cursor, sequence <= cursor else { return .unknown }
    if sequence <= confirmed { return .confirmed(confirmed) }
    return .unconfirmed(MessagePlace(sequence: sequence, mark: marks[sequence - confirmed - 1]))
  }

  enum Found {
    /// It was not sent here.
    case unknown
    /// It is confirmed already, with all up to this number.
    case confirmed(Int)
    case unconfirmed(MessagePlace)
  }
}
