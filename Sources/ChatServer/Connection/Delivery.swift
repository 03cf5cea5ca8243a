// Messages that a connection has been shown and that it has not confirmed yet.
// Never confirms what the client may not have read: see the three ways below.
// Pure value; on the event loop of its connection.

import ChatProtocol

/// A page of messages on its way to the client. It is confirmed by the next command that arrives after the page was
/// written, or by an orderly end of the connection once the peer's TCP has taken all of it. Anything else (a reset, a
/// time-out, the end of this node) confirms nothing, and the messages come again.
struct Delivery {
  let user: AccountName
  /// The last message of the page, and how it is known again.
  let sequence: Int
  let mark: [UInt8]
  /// How many bytes the client had sent when the kernel took the last byte of the page; `nil` until then.
  private(set) var writtenAt: Int?

  /// `nil` if the page shows nothing that could be confirmed.
  init?(_ page: InboxPage, of user: AccountName) {
    guard let last = page.records.last, let sequence = page.lastSequence else { return nil }
    (self.user, self.sequence, mark) = (user, sequence, last.mark)
  }

  /// The kernel has taken the whole page.
  mutating func written(received: Int) { writtenAt = received }

  /// Whether a line that began behind `start` bytes confirms the page: one that was under way before does not.
  func isConfirmed(byLineAt start: Int) -> Bool { writtenAt.map { start >= $0 } ?? false }

  /// Whether an orderly end may confirm it.
  var isWritten: Bool { writtenAt != nil }
}
