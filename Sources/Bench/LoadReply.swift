// Owns: what a reply means to the generator.
// Must never: parse more of an OK than its first bytes.
// Runs on: the generator's event loop (pure functions).

/// The first look at a reply.
enum LoadReply {
  case accepted
  case refused
  /// Came by itself.
  case event

  /// Both wires say in the first bytes what it is.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wire: Wire) {
    let start = range.lowerBound
    switch wire {
    case .resp: self = bytes[start] == UInt8(ascii: "-") ? .refused : .accepted
    case .line:
      // {"status":"OK"… or {"event":…
      if range.count > 12, bytes[start + 2] == UInt8(ascii: "s") {
        self = bytes[start + 11] == UInt8(ascii: "O") ? .accepted : .refused
      } else {
        self = .event
      }
    }
  }

  /// The stable name of a refusal: the value of `code`, or Redis' first word.
  static func code(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wire: Wire) -> String {
    var copy: [UInt8] = []
    for index in range { copy.append(bytes[index]) }
    let text = String(decoding: copy, as: UTF8.self)
    switch wire {
    case .resp: return String(text.dropFirst().prefix { $0 != " " && !$0.isNewline })
    case .line:
      let key = "\"code\":\""
      guard let at = text.firstRange(of: key) else { return "unreadable" }
      return String(text[at.upperBound...].prefix { $0 != "\"" })
    }
  }

  /// Calls `body` with each numbered text of `size` bytes in a reply; nil for one that is damaged.
  static func messages(
    _ bytes: Span<UInt8>, _ range: Range<Int>, size: Int, _ body: (MessageNumber?) -> Void
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      guard bytes[index] == MessageNumber.mark else {
        index += 1
        continue
      }
      let message = MessageNumber(bytes, at: index, count: size)
      body(message)
      index += message == nil ? 1 : size
    }
  }

  /// The sequence number of a pushed message: it stands first, `{"event":"message","seq":N`; nil for other events.
  static func sequence(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let digitsAt = range.lowerBound + 25
    guard digitsAt < range.upperBound, bytes[range.lowerBound + 10] == UInt8(ascii: "m"),
      bytes[range.lowerBound + 20] == UInt8(ascii: "s")
    else { return nil }
    var index = digitsAt
    var number = 0
    while index < range.upperBound, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
      number = number * 10 + Int(digit)
      index += 1
    }
    return index > digitsAt ? number : nil
  }
}
