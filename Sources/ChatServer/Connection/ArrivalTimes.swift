// When the bytes of a connection arrived, for lines that have to wait before they are looked at.
// Never counts the time for which a client that doesn't read has kept its own requests waiting.
// Pure value; on the event loop of its connection.

import DequeModule
import NIOCore

/// Marks of how much had arrived by when. A request has its deadline from its arrival on, however many wait before it.
struct ArrivalTimes {
  /// Arrivals this close together share a mark, which bounds their number.
  private static let grain = TimeAmount.milliseconds(10)

  private var marks = Deque<(received: Int, at: NIODeadline)>()

  /// So many bytes have arrived in all.
  mutating func note(received: Int, now: NIODeadline) {
    if let last = marks.last, now < last.at + Self.grain {
      marks[marks.count - 1].received = received
    } else {
      marks.append((received, now))
    }
  }

  /// When the byte before this offset arrived. Offsets are asked for in ascending order.
  mutating func arrival(ofByteBefore offset: Int, now: NIODeadline) -> NIODeadline {
    while let first = marks.first, first.received < offset { marks.removeFirst() }
    defer { if let first = marks.first, first.received == offset { marks.removeFirst() } }
    return marks.first?.at ?? now
  }

  /// No whole line is left: of the part that is, only the last byte matters.
  mutating func keepLast() {
    if marks.count > 1, let last = marks.last { marks = [last] }
  }

  /// What waits has waited for its own client: it counts as arriving now.
  mutating func restart(now: NIODeadline) {
    guard let last = marks.last else { return }
    marks = [(last.received, now)]
  }
}
