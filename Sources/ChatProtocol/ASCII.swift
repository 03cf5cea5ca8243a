// The few facts about bytes that the parser and the encoder share.
// Never knows a command or a reply.
// Pure functions; any thread.

package enum ASCII {
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let backslash = UInt8(ascii: "\\")

  /// `A`–`Z` folded to `a`–`z`, any other byte as it is.
  static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// The value of a hexadecimal digit of either case.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The lower-case digit of a value below 16.
  static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The bytes as text, two lower-case digits each. An array, because over a digest itself the loop would allocate for each byte.
  package static func hex(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { digits in
      for (index, byte) in bytes.enumerated() {
        digits[2 * index] = hexDigit(byte >> 4)
        digits[2 * index + 1] = hexDigit(byte & 15)
      }
      return 2 * bytes.count
    }
  }

  /// Whether UTF-8 text holds a control character: C0, DEL, or C1 (U+0080–U+009F, in UTF-8 `C2 80`–`C2 9F`).
  static func containsControlCharacter(_ bytes: Span<UInt8>) -> Bool {
    var index = endOfPlain(bytes, from: 0)
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte == 0x7F || (byte < 0xA0 && index > 0 && bytes[index - 1] == 0xC2) { return true }
      index = endOfPlain(bytes, from: index + 1)
    }
    return false
  }

  /// Where the run of plain bytes that begins at `start` ends: printable ASCII that a JSON string holds as it is.
  ///
  /// Eight bytes at a time (Hacker's Delight, section 6-1, "Find First 0-Byte"): a borrow can only spoil what lies behind the first byte that is
  /// found.
  static func endOfPlain(_ bytes: Span<UInt8>, from start: Int) -> Int {
    bytes.withUnsafeBytes { bytes in
      var index = start
      while index + 8 <= bytes.count {
        let eight = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let special = eight | below(space, eight) | equal(0x7F, eight) | equal(quote, eight) | equal(backslash, eight)
        let marks = special & highBits
        if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
        index += 8
      }
      while index < bytes.count, (0x20..<0x7F).contains(bytes[index]), bytes[index] != quote, bytes[index] != backslash
      {
        index += 1
      }
      return index
    }
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  /// The high bit of each byte that is less; of bytes above 0x7F it says nothing.
  private static func below(_ bound: UInt8, _ eight: UInt64) -> UInt64 { (eight &- ones &* UInt64(bound)) & ~eight }

  /// The high bit of each byte that is the same.
  private static func equal(_ byte: UInt8, _ eight: UInt64) -> UInt64 {
    let difference = eight ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference
  }
}
