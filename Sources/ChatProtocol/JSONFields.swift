// Reads a flat JSON object whose values are strings: the form of a stored message.
// Never decodes escapes: a value is checked and passed on as it stands, ready for the next reply.
// Pure value; any thread.

/// The string members of a JSON object that has no nested values.
enum JSONFields {
  /// Calls `visit` with where each name and value stand, with their quotes. `false` if the (valid UTF-8) bytes are anything
  /// else than one object with string values; what was visited until then is nothing.
  static func visit(flatObject bytes: [UInt8], _ visit: (_ name: Range<Int>, _ value: Range<Int>) -> Void) -> Bool {
    var scanner = Scanner(bytes: bytes)
    guard scanner.take(UInt8(ascii: "{")) else { return false }
    if !scanner.take(UInt8(ascii: "}")) {
      repeat {
        guard let name = scanner.string(), scanner.take(UInt8(ascii: ":")), let value = scanner.string() else {
          return false
        }
        visit(name, value)
      } while scanner.take(UInt8(ascii: ","))
      guard scanner.take(UInt8(ascii: "}")) else { return false }
    }
    return scanner.isAtEnd
  }

  private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool {
      mutating get {
        skipWhitespace()
        return position == bytes.count
      }
    }

    mutating func take(_ byte: UInt8) -> Bool {
      skipWhitespace()
      guard position < bytes.count, bytes[position] == byte else { return false }
      position += 1
      return true
    }

    /// A string with its quotes (RFC 8259, section 7).
    mutating func string() -> Range<Int>? {
      skipWhitespace()
      let start = position
      guard take(UInt8(ascii: "\"")) else { return nil }
      while true {
        position = ASCII.endOfPlain(bytes.span, from: position)
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return start..<position
        case UInt8(ascii: "\\"): if !escape() { return nil }
        case 0..<0x20: return nil
        default: continue
        }
      }
    }

    private mutating func escape() -> Bool {
      guard position < bytes.count else { return false }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
        UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
        return true
      case UInt8(ascii: "u"): return codePoint()
      default: return false
      }
    }

    /// What follows `\u`. The grammar allows half a pair of surrogates, but it is no text: strict decoders would refuse
    /// the whole reply for it.
    private mutating func codePoint() -> Bool {
      guard let unit = codeUnit() else { return false }
      if UTF16.isTrailSurrogate(unit) { return false }
      guard UTF16.isLeadSurrogate(unit) else { return true }
      guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { return false }
      position += 2
      return codeUnit().map(UTF16.isTrailSurrogate) ?? false
    }

    private mutating func codeUnit() -> UInt16? {
      guard position + 4 <= bytes.count else { return nil }
      var unit: UInt16 = 0
      for byte in bytes[position..<position + 4] {
        guard let digit = ASCII.hexValue(byte) else { return nil }
        unit = unit << 4 | UInt16(digit)
      }
      position += 4
      return unit
    }

    private mutating func skipWhitespace() {
      while position < bytes.count, bytes[position] <= 0x20 {
        switch bytes[position] {
        case 0x20, 0x09, 0x0A, 0x0D: position += 1
        default: return
        }
      }
    }
  }
}
