// Owns: the text of a numbered message: who sent it to whom, and its place in the sender's row.
// Must never: hold a byte that JSON, a line of the protocol or trimming would change.
// Runs on: any thread (a value).

/// What makes a message of a measurement unlike any other.
package struct MessageNumber: Hashable, Sendable {
  /// The sender, 0…999,999.
  package var sender: Int
  /// The recipient, 0…999,999.
  package var recipient: Int
  /// Which message of that sender, 0…99,999,999.
  package var sequence: Int

  /// A number; its text holds the low digits if a part is beyond its bound.
  package init(sender: Int, recipient: Int, sequence: Int) {
    (self.sender, self.recipient, self.sequence) = (sender, recipient, sequence)
  }

  /// The first byte of a numbered text; it stands nowhere else in a reply.
  package static let mark = UInt8(ascii: "#")
  /// The least bytes that a text takes: `#SENDER:RECIPI:SEQUENCE.`
  package static let shortestText = 24

  private static let senderAt = 1
  private static let recipientAt = 8
  private static let sequenceAt = 15

  /// A text of `count` bytes (at least `shortestText`) with all numbers 0, to be written into.
  package static func blankText(count: Int) -> [UInt8] {
    var text = [UInt8](repeating: 0, count: max(count, shortestText))
    for index in text.indices { text[index] = filling(at: index) }
    MessageNumber(sender: 0, recipient: 0, sequence: 0).write(into: &text)
    return text
  }

  /// Writes the number into a text that `blankText` made.
  package func write(into text: inout [UInt8]) {
    Self.write(sender, digits: 6, into: &text, at: Self.senderAt)
    Self.write(recipient, digits: 6, into: &text, at: Self.recipientAt)
    Self.write(sequence, digits: 8, into: &text, at: Self.sequenceAt)
  }

  /// Reads the text of `count` bytes that begins at `start`; nil if any byte is not as it was written.
  package init?(_ bytes: Span<UInt8>, at start: Int, count: Int) {
    guard count >= Self.shortestText, start + count <= bytes.count,
      let sender = Self.number(in: bytes, at: start + Self.senderAt, digits: 6),
      let recipient = Self.number(in: bytes, at: start + Self.recipientAt, digits: 6),
      let sequence = Self.number(in: bytes, at: start + Self.sequenceAt, digits: 8)
    else { return nil }
    for index in 0..<count where !Self.isDigit(index) {
      guard bytes[start + index] == Self.filling(at: index) else { return nil }
    }
    self.init(sender: sender, recipient: recipient, sequence: sequence)
  }

  /// Whether a digit stands at this place of a text.
  private static func isDigit(_ index: Int) -> Bool {
    index > 0 && index < shortestText - 1 && index != recipientAt - 1 && index != sequenceAt - 1
  }

  /// What stands where no digit does: small letters, so that a lost or changed byte is seen.
  private static func filling(at index: Int) -> UInt8 {
    switch index {
    case 0: mark
    case recipientAt - 1, sequenceAt - 1: UInt8(ascii: ":")
    case shortestText - 1: UInt8(ascii: ".")
    default: UInt8(ascii: "a") &+ UInt8(truncatingIfNeeded: index % 26)
    }
  }

  private static func write(_ number: Int, digits: Int, into text: inout [UInt8], at start: Int) {
    var rest = number
    var index = start + digits
    while index > start {
      index -= 1
      text[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  private static func number(in bytes: Span<UInt8>, at start: Int, digits: Int) -> Int? {
    var number = 0
    for index in start..<start + digits {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      number = number &* 10 &+ Int(digit)
    }
    return number
  }
}
