// The page of messages that a connection was shown last, from the outbox to its confirmation.
// Never confirms by itself: it says which page is confirmed, and `inbox_advance.lua` takes it off.
// Pure value; on the event loop of its connection.

import ChatProtocol

/// Pages that were shown on one connection. A new page takes the place of the one before.
struct Deliveries {
  private var current: Delivery?
  private var count = 0
  /// The page is in the outbox and not written yet.
  private var isInOutbox = false
  /// The client has said `ack` or `listen`: nothing else confirms on this connection any more.
  var confirmsByAck = false

  /// Whether an orderly end has something to confirm.
  var awaitsReceipt: Bool { current != nil && !confirmsByAck }

  /// A page has its turn among the replies: from here on it may be confirmed, once it is written.
  mutating func show(_ page: InboxPage) {
    guard let user = page.reader else { return }
    count += 1
    current = Delivery(page, of: user, number: count)
    isInOutbox = current != nil
  }

  /// The outbox is about to be written: the number of the page in it, if there is one.
  mutating func takeOutOfOutbox() -> Int? {
    defer { isInOutbox = false }
    return isInOutbox ? current?.number : nil
  }

  /// The kernel has taken the whole page when so many bytes of the client had arrived.
  mutating func written(_ number: Int, received: Int) {
    if current?.number == number { current?.written(received: received) }
  }

  /// Takes the page out, if a line that began behind `start` bytes confirms it.
  mutating func confirmed(byLineAt start: Int) -> Delivery? { take { $0.isConfirmed(byLineAt: start) } }

  /// Takes the page out, if an orderly end of the connection confirms it.
  mutating func confirmedByEnd() -> Delivery? { take { $0.isWritten } }

  /// A reset confirms nothing.
  mutating func forget() { current = nil }

  /// How a message is known again, if it was shown on this connection.
  func mark(of sequence: Int, shownTo user: AccountName) -> [UInt8]? {
    current.flatMap { $0.user == user ? $0.mark(of: sequence) : nil }
  }

  private mutating func take(if isConfirmed: (Delivery) -> Bool) -> Delivery? {
    guard !confirmsByAck, let delivery = current, isConfirmed(delivery) else { return nil }
    current = nil
    return delivery
  }
}
