// Messages that a connection has been shown and that it has not confirmed yet.
// Never confirms what the client may not have read: see the ways below.
// Pure value; on the event loop of its connection.

import ChatProtocol
import ChatState

/// A page of messages on its way to the client. It is confirmed by the next command that arrives after the page was
/// written, or by an orderly end of the connection once the peer's TCP has taken all of it. Anything else (a reset, a
/// time-out, the end of this node) confirms nothing, and the messages come again. A connection that says `ack` confirms
/// by `ack` alone.
struct Delivery {
  let user: AccountName
  /// Which page of its connection this is, counted from 1.
  let number: Int
  private let firstSequence: Int
  private let marks: MessageMarks
  /// How many bytes of the client had arrived when the kernel took the last byte of the page; `nil` until then.
  private var writtenAt: Int?

  /// `nil` if the page shows nothing that could be confirmed.
  init?(_ page: InboxPage, of user: AccountName, number: Int) {
    if page.records.isEmpty { return nil }
    self.user = user
    self.number = number
    firstSequence = page.firstSequence
    marks = MessageMarks(of: page.records)
  }

  /// The last message of the page.
  var last: MessagePlace {
    MessagePlace(sequence: firstSequence + marks.count - 1, mark: marks[marks.count - 1])
  }

  /// How the message with this number is known again, if the page shows it.
  func mark(of sequence: Int) -> [UInt8]? {
    let index = sequence - firstSequence
    return (0..<marks.count).contains(index) ? marks[index] : nil
  }

  /// The kernel has taken the whole page.
  mutating func written(received: Int) { writtenAt = received }

  /// Whether a line that began behind `start` bytes confirms the page: one that was under way before does not.
  func isConfirmed(byLineAt start: Int) -> Bool { writtenAt.map { start >= $0 } ?? false }

  /// Whether an orderly end may confirm it.
  var isWritten: Bool { writtenAt != nil }
}
