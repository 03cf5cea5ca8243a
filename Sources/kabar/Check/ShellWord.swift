// One word of a command line, quoted so that a shell hands it on byte by byte.
// Never lets a control character through to the terminal.
// Pure function; any thread.

enum ShellWord {
  /// The word as it is where nothing in it is special, in single quotes, or in bash's `$'…'` for bytes that are not
  /// printable ASCII.
  static func quoted(_ bytes: [UInt8]) -> String {
    guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return ansiQuoted(bytes) }
    let text = String(decoding: bytes, as: UTF8.self)
    if !bytes.isEmpty, bytes.allSatisfy(isPlain) { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private static func ansiQuoted(_ bytes: [UInt8]) -> String {
    let pieces = bytes.map { byte in
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): return "\\" + String(UnicodeScalar(byte))
      case 0x20...0x7E: return String(UnicodeScalar(byte))
      // Three octal digits: a digit that follows is not taken for part of it.
      default: return "\\" + String("00\(String(byte, radix: 8))".suffix(3))
      }
    }
    return "$'" + pieces.joined() + "'"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_-.:/@%+=,".utf8.contains(byte)
    }
  }
}
