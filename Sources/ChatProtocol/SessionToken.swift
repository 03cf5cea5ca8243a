// The secret that stands for a session on the wire.
// Never printed or stored as it is: Redis knows only its SHA-256 (ChatState).
// Pure value; any thread.

/// A session token: 16 random bytes, written as a UUID (36 characters, lower case).
public struct SessionToken: Hashable, Sendable {
  /// The 16 bytes in the order in which the text shows them.
  public let bytes: [UInt8]

  static let textLength = 36
  /// Where the text has a `-`: behind bytes 4, 6, 8 and 10 (RFC 9562, section 4).
  private static let dashBefore: Set<Int> = [4, 6, 8, 10]

  /// Takes exactly 16 random bytes and marks them as a version 4 UUID (RFC 9562, section 5.4).
  public init?(random bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    var marked = bytes
    marked[6] = marked[6] & 0x0F | 0x40
    marked[8] = marked[8] & 0x3F | 0x80
    self.bytes = marked
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
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16)
    var index = 0
    while index < text.count {
      if Self.dashBefore.contains(bytes.count), text[index] == UInt8(ascii: "-") { index += 1 }
      guard index + 1 < text.count, let high = ASCII.hexValue(text[index]), let low = ASCII.hexValue(text[index + 1])
      else { return nil }
      bytes.append(high << 4 | low)
      index += 2
    }
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// The text form: 36 characters, lower case.
  public var text: String {
    String(unsafeUninitializedCapacity: Self.textLength) { target in
      var at = 0
      for (index, byte) in bytes.enumerated() {
        if Self.dashBefore.contains(index) {
          target[at] = UInt8(ascii: "-")
          at += 1
        }
        target[at] = ASCII.hexDigit(byte >> 4)
        target[at + 1] = ASCII.hexDigit(byte & 15)
        at += 2
      }
      return at
    }
  }
}
