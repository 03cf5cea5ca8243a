// Owns: which messages the consumer has not seen, which one it has, what is to be confirmed, what is a duplicate.
// Must never: confirm a message that the consumer has not gone on from, or drop one that it has not seen.
// Runs on: a value; a Feed guards it.
import ChatProtocol
import NIOCore

/// The messages between the server and the consumer. The server shows one again until it is confirmed, so the same one
/// may arrive several times.
struct MessageBuffer: FeedBuffer {
  /// How many messages may wait for the consumer: as many as a server may send before it waits for a confirmation.
  static let limit = ProtocolLimits.largestPushWindow
  /// How many of the last messages are known again.
  static let remembered = 2 * limit

  /// A message in the words of `ack`.
  struct Mark: Hashable, Sendable {
    let seq: Int
    let id: String

    /// The request that confirms everything up to it. With the id it may have been shown on an earlier connection.
    var line: String { isWord ? "ack \(seq) \(id)" : "ack \(seq)" }

    private var isWord: Bool {
      !id.isEmpty && id.utf8.count <= 128 && id.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
  }

  enum Arrival: Sendable {
    case new
    case duplicate
    /// More than ``limit`` wait: the server doesn't keep its window. The message was not taken.
    case overflow
  }

  private var waiting = CircularBuffer<IncomingMessage>()
  /// What the consumer has in its hands.
  private var handed: Mark?
  /// What it has gone on from and the server has not acknowledged yet.
  private(set) var unconfirmed: Mark?
  /// A message below that which the server has shown again; it is confirmed with the other one, or by itself if the
  /// server refuses that.
  private var shownAgain: Mark?
  /// Known messages, and whether the consumer has gone on from them. Without an id nothing is known: numbers begin anew
  /// when a store was lost.
  private var known: [Mark: Bool] = [:]
  private var knownInOrder = CircularBuffer<Mark>()

  /// Takes a message that the server has shown.
  mutating func arrived(_ message: IncomingMessage) -> Arrival {
    let mark = Mark(seq: message.seq, id: message.id)
    if let isConsumed = known[mark] {
      // The confirmation was lost, or the store has forgotten it: it must be said again, or the server would wait.
      if isConsumed, mark.seq > unconfirmed?.seq ?? 0 {
        unconfirmed = mark
      } else if isConsumed, mark.seq > shownAgain?.seq ?? 0 {
        shownAgain = mark
      }
      return .duplicate
    }
    guard waiting.count < Self.limit else { return .overflow }
    remember(mark)
    waiting.append(message)
    return .new
  }

  /// Hands the oldest message to the consumer.
  mutating func popFirst() -> IncomingMessage? {
    guard let message = waiting.popFirst() else { return nil }
    handed = Mark(seq: message.seq, id: message.id)
    return message
  }

  /// The consumer asks for the next message: it is done with the one it has. True if there is something to confirm.
  mutating func wentOn() -> Bool {
    if let mark = handed {
      if known[mark] != nil { known[mark] = true }
      unconfirmed = mark
      handed = nil
    }
    return unconfirmed != nil
  }

  /// The server has carried out this confirmation.
  mutating func settled(_ mark: Mark) {
    if unconfirmed == mark { unconfirmed = nil }
    if let again = shownAgain, again.seq <= mark.seq { shownAgain = nil }
  }

  /// The server has refused this confirmation for good.
  mutating func refused(_ mark: Mark) {
    if unconfirmed == mark { (unconfirmed, shownAgain) = (shownAgain, nil) }
  }

  /// The session has ended. The next one of the same user shows all that is not confirmed again; what the consumer has
  /// seen of it stays known.
  mutating func sessionEnded() {
    for message in waiting { known[Mark(seq: message.seq, id: message.id)] = nil }
    knownInOrder = CircularBuffer(knownInOrder.filter { known[$0] != nil })
    waiting.removeAll()
    (unconfirmed, shownAgain) = (nil, nil)
  }

  private mutating func remember(_ mark: Mark) {
    guard !mark.id.isEmpty else { return }
    known[mark] = false
    knownInOrder.append(mark)
    if knownInOrder.count > Self.remembered, let oldest = knownInOrder.popFirst() { known[oldest] = nil }
  }
}
