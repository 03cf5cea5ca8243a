// Owns: WebSocket frames as RFC 6455 defines them, read out of all bytes at once.
// Must never: share code with the product.
// Runs on: any thread; a value.
import ChatProtocol

/// What bytes of a client come to: by section 5 of RFC 6455, with the bound of a request line.
struct ReferenceFrames {
  /// Text messages; a line feed within is a zero byte.
  private(set) var lines: [[UInt8]] = []
  private(set) var pings: [[UInt8]] = []
  /// The code of a Close frame, or the one that says what is wrong; `nil`: it goes on.
  private(set) var end: UInt16?
  /// Codes with which a reader may end before the last frame, whose head is here and wrong, is whole.
  private(set) var foreseen: Set<UInt16> = []
  /// Where the last whole message, or the last control frame between messages, ends.
  private(set) var wholeMessages = 0

  private var rest: ArraySlice<UInt8>
  private var fragments: [UInt8]?

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
    while end == nil, let head = Head(rest) {
      let wrong = head.problems(isWithinMessage: fragments != nil, gathered: fragments?.count ?? 0)
      // Its length is the first thing to be known of a frame that is too long: it is not waited for.
      if let known = head.refusedByLength {
        (end, foreseen) = (known, wrong.union([known]))
        break
      }
      guard rest.count >= head.size + head.length else {
        foreseen = wrong
        break
      }
      let content = head.content(rest)
      rest = rest.dropFirst(head.size + head.length)
      if let problem = wrong.first {
        (end, foreseen) = (problem, wrong)
      } else {
        take(content, of: head)
        if fragments == nil { wholeMessages = rest.startIndex - bytes.startIndex }
      }
    }
  }

  private mutating func take(_ content: [UInt8], of head: Head) {
    switch head.opcode {
    case 0, 1:
      let whole = (fragments ?? []) + content
      fragments = head.isFinal ? nil : whole
      guard head.isFinal else { return }
      if String(validating: whole, as: UTF8.self) == nil {
        end = 1007
      } else {
        lines.append(whole.map { $0 == 10 ? 0 : $0 })
      }
    case 8: end = Self.closeCode(content)
    case 9: pings.append(content)
    default: break
    }
  }

  private static func closeCode(_ content: [UInt8]) -> UInt16 {
    if content.isEmpty { return 1005 }
    guard content.count >= 2, String(validating: content.dropFirst(2), as: UTF8.self) != nil else { return 1002 }
    let code = UInt16(content[0]) << 8 | UInt16(content[1])
    // Section 7.4 and IANA's registry of close codes.
    let isSent = (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
    return isSent ? code : 1002
  }

  /// What stands before a frame's content.
  private struct Head {
    let isFinal: Bool
    let reserved: UInt8
    let opcode: UInt8
    let length: Int
    /// Of the head itself.
    let size: Int
    private let mask: [UInt8]?

    init?(_ bytes: ArraySlice<UInt8>) {
      var bytes = bytes
      func number(_ count: Int) -> Int? {
        guard bytes.count >= count else { return nil }
        return bytes.prefix(count).reduce(0) { $0 > Int.max >> 8 ? Int.max : $0 << 8 | Int($1) }
      }
      guard let two = number(2) else { return nil }
      (isFinal, reserved, opcode) = (two >> 15 == 1, UInt8(two >> 12 & 7), UInt8(two >> 8 & 15))
      let (isMasked, short) = (two & 0x80 != 0, two & 0x7F)
      bytes = bytes.dropFirst(2)
      let lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
      guard let long = number(lengthBytes) else { return nil }
      length = lengthBytes == 0 ? short : long
      bytes = bytes.dropFirst(lengthBytes)
      mask = isMasked ? Array(bytes.prefix(4)) : nil
      size = 2 + lengthBytes + (isMasked ? 4 : 0)
    }

    private var isControl: Bool { opcode >= 8 }

    var refusedByLength: UInt16? {
      if length > ProtocolLimits.lineBytes { return 1009 }
      return isControl && (length > 125 || !isFinal) ? 1002 : nil
    }

    /// The codes of all that is wrong with such a frame here.
    func problems(isWithinMessage: Bool, gathered: Int) -> Set<UInt16> {
      var codes: Set<UInt16> = []
      if mask == nil || reserved != 0 || (3...7).contains(opcode) || opcode > 10 { codes.insert(1002) }
      if isControl && (length > 125 || !isFinal) { codes.insert(1002) }
      if isWithinMessage ? (1...2).contains(opcode) : opcode == 0 { codes.insert(1002) }
      if opcode == 2, !isWithinMessage { codes.insert(1003) }
      if length > ProtocolLimits.lineBytes || opcode == 0 && gathered + length > ProtocolLimits.lineBytes {
        codes.insert(1009)
      }
      return codes
    }

    func content(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      let content = bytes.dropFirst(size).prefix(length)
      guard let mask else { return Array(content) }
      return content.enumerated().map { $1 ^ mask[$0 % 4] }
    }
  }
}
