// Owns: what became of every message of one measurement.
// Must never: forget a message that was acknowledged.
// Runs on: the generator's event loop (a value that one object owns).

/// Numbered messages, from the request to the recipient. Senders are `firstSender..<firstSender + senders`; what another
/// one sent (in an earlier round, say) counts as damaged.
package struct MessageLedger: Sendable {
  /// How it ended, in messages.
  package struct Verdict: Equatable, Sendable {
    /// Acknowledged and never received.
    package var lost = 0
    /// Received more than once: each time beyond the first.
    package var doubled = 0
    /// Received after a later one of the same sender to the same recipient.
    package var reordered = 0
    /// Not as it was sent, not for who received it, or never sent.
    package var damaged = 0

    /// Nothing happened.
    package init() {}

    /// Every message arrived once, whole and in order.
    package var isClean: Bool { self == Verdict() }
  }

  private enum Mark {
    static let sent: UInt8 = 1
    static let acknowledged: UInt8 = 2
    static let received: UInt8 = 4
  }

  private let firstSender: Int
  private let senders: Int
  private let perSender: Int
  private var marks: [UInt8]
  /// When each message was to be sent, nanoseconds of the monotonic clock.
  private var plannedAt: [UInt64]
  /// For each pair the sequence after the last one received.
  private var next: [Int: Int] = [:]
  private var found = Verdict()
  /// Requests written, acknowledged as OK, and received for the first time.
  package private(set) var sent = 0
  package private(set) var acknowledged = 0
  package private(set) var received = 0

  /// A ledger for `senders` senders with at most `perSender` messages each.
  package init(firstSender: Int = 0, senders: Int, perSender: Int) {
    (self.firstSender, self.senders, self.perSender) = (firstSender, senders, perSender)
    marks = Array(repeating: 0, count: senders * perSender)
    plannedAt = Array(repeating: 0, count: senders * perSender)
  }

  /// The verdict, once nothing is on its way any more.
  package var verdict: Verdict {
    var verdict = found
    verdict.lost = marks.count { $0 & Mark.acknowledged != 0 && $0 & Mark.received == 0 }
    return verdict
  }

  /// Acknowledged and not yet received.
  package var isWaiting: Bool { received < acknowledged }

  /// A message was written, or should have been, at `time`.
  package mutating func note(sent message: MessageNumber, at time: UInt64) {
    guard let index = index(of: message) else { return }
    marks[index] |= Mark.sent
    plannedAt[index] = time
    sent += 1
  }

  /// The server answered OK. Answers when the message was to be sent.
  package mutating func note(acknowledged sender: Int, _ sequence: Int) -> UInt64 {
    guard let index = index(of: MessageNumber(sender: sender, recipient: 0, sequence: sequence)) else { return 0 }
    marks[index] |= Mark.acknowledged
    acknowledged += 1
    return plannedAt[index]
  }

  /// `recipient` received a message, or (nil) something that is none. Answers when it was to be sent if this is the first
  /// time.
  package mutating func note(received message: MessageNumber?, by recipient: Int) -> UInt64? {
    guard let message, message.recipient == recipient, let index = index(of: message), marks[index] & Mark.sent != 0
    else {
      found.damaged += 1
      return nil
    }
    guard marks[index] & Mark.received == 0 else {
      found.doubled += 1
      return nil
    }
    marks[index] |= Mark.received
    received += 1
    let pair = message.sender &* 1_000_000 &+ recipient
    if let expected = next[pair], message.sequence < expected {
      found.reordered += 1
    } else {
      next[pair] = message.sequence + 1
    }
    return plannedAt[index]
  }

  private func index(of message: MessageNumber) -> Int? {
    let sender = message.sender - firstSender
    guard sender >= 0, sender < senders, message.sequence >= 0, message.sequence < perSender else { return nil }
    return sender * perSender + message.sequence
  }
}
