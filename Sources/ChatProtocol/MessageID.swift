// The id of a message: unique over all nodes and times.
// Never makes one up: who counts messages does (ChatServer).
// Pure value; any thread.

/// An id like `q3v9k1d0w7xz-1f`: where it was made, 60 random bits in base 32 (Crockford's digits), then a number there in base 32
/// (0–9, a–v).
package struct MessageID: Hashable, Sendable {
  /// Digits of the origin.
  private static let originDigits = 12
  /// The bits of an origin that count.
  private static let originBits: UInt64 = (1 << 60) - 1

  private let origin, number: UInt64

  /// Only the lower 60 bits of `origin` count.
  package init(origin: UInt64, number: UInt64) { (self.origin, self.number) = (origin & Self.originBits, number) }

  /// The id as it is stored and shown.
  package var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the text, which needs no escape in JSON.
  func append(to bytes: inout [UInt8]) {
    let numberDigits = max(1, (UInt64.bitWidth - number.leadingZeroBitCount + 4) / 5)
    let start = bytes.count
    // Filled from behind, in place: each message is written twice.
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "-"), count: Self.originDigits + 1 + numberDigits))
    bytes.withUnsafeMutableBufferPointer { bytes in
      Self.write(origin, to: bytes, start..<start + Self.originDigits, "0123456789abcdefghjkmnpqrstvwxyz")
      Self.write(number, to: bytes, start + Self.originDigits + 1..<bytes.count, "0123456789abcdefghijklmnopqrstuv")
    }
  }

  /// Fills a place with a number in base 32.
  private static func write(
    _ number: UInt64, to bytes: UnsafeMutableBufferPointer<UInt8>, _ place: Range<Int>, _ alphabet: StaticString
  ) {
    var rest = number
    for index in place.reversed() {
      bytes[index] = alphabet.utf8Start[Int(rest & 31)]
      rest >>= 5
    }
  }
}
