// Owns: where the fuzzer of WebSocket frames starts from, and its dictionary.
// Must never: hold what only a generator can read.
// Runs on: any thread; values.

extension FrameProperties {
  private static let mask: [UInt8] = [0x37, 0x7A, 0x21, 0x3D]

  /// A frame of a client with its length in as few bytes as can be. `mask` nil: without one, as only a server may.
  private static func frame(_ first: UInt8, _ content: [UInt8], length: Int? = nil, mask: [UInt8]? = mask) -> [UInt8] {
    let length = length ?? content.count
    let bit: UInt8 = mask == nil ? 0 : 0x80
    let head =
      length < 126 ? [first, bit | UInt8(length)] : [first, bit | 126, UInt8(length >> 8), UInt8(length & 255)]
    guard let mask else { return head + content }
    return head + mask + content.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  private static func frame(_ first: UInt8, _ text: String) -> [UInt8] { frame(first, Array(text.utf8)) }

  /// A frame that claims eight bytes of length.
  private static func long(_ length: UInt64) -> [UInt8] {
    [0x81, 0xFF] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) } + mask + Array("ping".utf8)
  }

  /// Text of so many KiB and 31s of letters and a few bytes, whose mask is 0: the first two are stretched.
  private static func stretched(_ first: UInt8, kibibytes: Int, fews: Int = 0, bytes: Int = 0) -> [UInt8] {
    let content =
      [UInt8](repeating: kibibyte, count: kibibytes) + [UInt8](repeating: few, count: fews)
      + [UInt8](repeating: 120, count: bytes)
    return frame(first, content, length: 1024 * kibibytes + 31 * fews + bytes, mask: [0, 0, 0, 0])
  }

  private static let right: [[UInt8]] = [
    frame(0x81, "ping"), frame(0x81, ""), frame(0x81, "auth arini hehe") + frame(0x81, "inbox"),
    frame(0x01, "send a pi") + frame(0x00, "ye ka") + frame(0x80, "bare?"), frame(0x01, "") + frame(0x80, ""),
    frame(0x01, "a") + frame(0x89, "who") + frame(0x8A, "") + frame(0x80, "b"), frame(0x89, "") + frame(0x8A, "x"),
    frame(0x81, "two\nlines\r\n"), frame(0x81, "é🙂"), frame(0x01, [0xC3]) + frame(0x80, [0xA9]),
    frame(0x88, []), frame(0x88, [0x03, 0xE8]) + frame(0x81, "late"), frame(0x88, [0x0F, 0xA0] + Array("bye".utf8)),
    frame(0x81, String(repeating: "x", count: 125)), frame(0x81, String(repeating: "x", count: 126)),
    stretched(0x81, kibibytes: 8), stretched(0x01, kibibytes: 7) + stretched(0x80, kibibytes: 1),
    long(4), frame(0x89, String(repeating: "x", count: 125)),
  ]

  private static let wrong: [[UInt8]] = [
    frame(0x81, Array("ping".utf8), mask: nil), frame(0xC1, "x"), frame(0xA1, "x"), frame(0x91, "x"), frame(0x82, "x"),
    frame(0x83, "x"), frame(0x8B, "x"), frame(0x80, "x"), frame(0x00, "x"), frame(0x01, "x") + frame(0x81, "y"),
    frame(0x01, "x") + frame(0x82, "y"), frame(0x09, "x"), frame(0x08, ""),
    frame(0x89, String(repeating: "x", count: 126)), frame(0x81, [0x80]),
    frame(0x01, [0xED]) + frame(0x80, [0xA0, 0x80]),
    frame(0x88, [3]), frame(0x88, [0x03, 0xED]), frame(0x88, [0, 0]), frame(0x88, [0x03, 0xE8, 0xFF]),
    frame(0x88, [0x13, 0x88]), stretched(0x81, kibibytes: 8, bytes: 1),
    stretched(0x01, kibibytes: 7, fews: 33) + stretched(0x80, kibibytes: 0, bytes: 2),
    long(8193), long(UInt64(Int.max)), long(UInt64.max), [0x81], [0x81, 0xFE, 0x20], [0x81, 0x84, 1, 2],
  ]

  /// Every one at once, byte by byte, and in few pieces.
  static let seeds = (right + wrong).flatMap { bytes in
    [[], [1], [3, 8]].map { cuts in
      var input = CutBytes.input(bytes, cut: cuts)
      if bytes.contains(kibibyte) { input[0] |= CutBytes.stretching }
      return input
    }
  }

  static let words: [String] = [
    "\u{1}", "\0", "ping", "\n", "é", "\u{3}", "~", "\u{7F}", "\u{8}", "\t",
  ]
}
