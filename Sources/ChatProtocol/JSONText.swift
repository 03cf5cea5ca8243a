// Writing JSON by hand: strings with their escapes, numbers, fixed pieces.
// Never builds a tree: a reply goes straight into the bytes that are sent.
// Pure functions; any thread.

/// A JSON string as it stands on the wire, quotes and escapes included.
///
/// Made once (for a display name when its session begins, say) and then copied into every reply; or a part of a stored record, which
/// it shares.
package struct JSONString: Hashable, Sendable {
  package let utf8: ArraySlice<UInt8>

  /// Escapes `text`.
  package init(_ text: String) {
    var bytes: [UInt8] = []
    bytes.appendJSON(string: text)
    utf8 = bytes[...]
  }

  /// A string that is JSON already: a piece of a stored record that the scanner has checked.
  init(scanned bytes: ArraySlice<UInt8>) { utf8 = bytes }

  /// The text itself, where it has no escapes: an id, a name.
  package var plain: String { String(decoding: utf8.dropFirst().dropLast(), as: UTF8.self) }

  /// Whether no other bytes mean the same text: ASCII without escapes.
  var isPlainASCII: Bool { utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\\") } }
}

extension [UInt8] {
  mutating func appendJSON(_ piece: StaticString) {
    piece.withUTF8Buffer { append(contentsOf: $0) }
  }

  mutating func appendJSON(_ string: JSONString) { append(contentsOf: string.utf8) }

  /// Text that needs no escape: a name, an id, a time stamp.
  mutating func appendJSON(plain text: String) {
    append(UInt8(ascii: "\""))
    append(contentsOf: text.utf8)
    append(UInt8(ascii: "\""))
  }

  mutating func appendJSON(_ name: AccountName) {
    append(UInt8(ascii: "\""))
    name.append(to: &self)
    append(UInt8(ascii: "\""))
  }

  mutating func appendJSON(_ id: MessageID) {
    append(UInt8(ascii: "\""))
    id.append(to: &self)
    append(UInt8(ascii: "\""))
  }

  package mutating func appendJSON(string text: String) {
    var text = text
    text.withUTF8 { appendJSON(utf8: $0.span) }
  }

  /// A string from valid UTF-8, escaped as RFC 8259 section 7 asks: `"`, `\` and everything below U+0020.
  mutating func appendJSON(utf8 bytes: Span<UInt8>) {
    append(UInt8(ascii: "\""))
    var start = 0
    while start < bytes.count {
      let end = ASCII.endOfPlain(bytes, from: start)
      bytes.extracting(start..<end).withUnsafeBufferPointer { append(contentsOf: $0) }
      if end < bytes.count { appendEscaped(bytes[end]) }
      start = end + 1
    }
    append(UInt8(ascii: "\""))
  }

  /// A byte within a string.
  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      append(UInt8(ascii: "\\"))
      append(byte)
    case 0..<0x20:
      appendJSON("\\u00")
      append(ASCII.hexDigit(byte >> 4))
      append(ASCII.hexDigit(byte & 15))
    default: append(byte)
    }
  }

  mutating func appendJSON(strings: [String]) {
    append(UInt8(ascii: "["))
    for (index, string) in strings.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      appendJSON(string: string)
    }
    append(UInt8(ascii: "]"))
  }

  mutating func appendJSON(_ number: Int) { append(contentsOf: String(number).utf8) }
}
