// The secret that stands for a session on the wire.
// Never printed or stored as it is: Redis knows only its SHA-256 (ChatState).
// Pure value; any thread.

/// A session token: 16 random bytes, written as a UUID (36 characters, lower case).
public struct SessionToken: Hashable, Sendable, CustomStringConvertible {
  /// The first and the last eight bytes, in the order in which the text shows them.
  private let head, tail: UInt64

  static let textLength = 36

  /// Takes exactly 16 random bytes and marks them as a version 4 UUID (RFC 9562, section 5.4).
  public init?(random bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    let (head, tail) = (Self.number(bytes[..<8]), Self.number(bytes[8...]))
    self.head = head & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    self.tail = tail & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
  }

  /// Reads the text form, of either case; `nil` if it is not a UUID.
  public init?(_ text: String) {
    var bytes = text
    let token = bytes.withUTF8 { SessionToken(ascii: $0.span) }
    guard let token else { return nil }
    self = token
  }

  package init?(ascii text: Span<UInt8>) {
    guard text.count == Self.textLength else { return nil }
    var (head, tail) = (UInt64(0), UInt64(0))
    for index in text.indices {
      if Self.isDash(at: index) {
        guard text[index] == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = ASCII.hexValue(text[index]) else { return nil }
        // A digit that leaves the tail at its top enters the head at its end.
        head = head << 4 | tail >> 60
        tail = tail << 4 | UInt64(digit)
      }
    }
    (self.head, self.tail) = (head, tail)
  }

  /// The 16 bytes in the order in which the text shows them.
  public var bytes: [UInt8] {
    [head, tail].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }
  }

  /// The text form: 36 characters, lower case.
  public var text: String {
    String(unsafeUninitializedCapacity: Self.textLength) { target in
      var (head, tail) = (head, tail)
      for index in 0..<Self.textLength {
        guard !Self.isDash(at: index) else {
          target[index] = UInt8(ascii: "-")
          continue
        }
        target[index] = ASCII.hexDigit(UInt8(truncatingIfNeeded: head >> 60))
        head = head << 4 | tail >> 60
        tail <<= 4
      }
      return Self.textLength
    }
  }

  /// Nothing of it: what is printed by mistake, in a log or an error, gives no session away.
  public var description: String { "(a token)" }

  /// Where the text has a `-`: behind the bytes 4, 6, 8 and 10 (RFC 9562, section 4).
  private static func isDash(at index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
