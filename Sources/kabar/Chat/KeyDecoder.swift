// Owns: what the bytes of a terminal mean as keys, however reads cut them.
// Must never: let a byte through that isn't text as text, or hold more than one sequence or paste.
// Runs on: a value; belongs to whoever reads.

/// Turns bytes into keys: UTF-8, control characters, the sequences of xterm and its relatives, bracketed paste.
package struct KeyDecoder {
  /// Bytes of a paste that are kept; a request line has fewer.
  package static let pasteLimit = 16 * 1024
  private static let escapeByte: UInt8 = 0x1B
  private static let pasteEnd = Array("\u{1B}[201~".utf8)

  private enum State: Equatable {
    case ground
    /// The bytes of a character so far, and how many it has.
    case character([UInt8], length: Int)
    case escape
    /// `ESC [` and the bytes behind it.
    case control([UInt8])
    /// `ESC O`
    case application
    case paste([UInt8])
  }

  private var state = State.ground

  package init() {}

  /// Whether a key has begun whose end should follow at once. An escape by itself can't be told from one otherwise.
  package var isInsideKey: Bool {
    switch state {
    case .ground, .paste: false
    case .character, .escape, .control, .application: true
    }
  }

  /// How many milliseconds to wait for more before ``giveUp()``; -1 for ever. A paste whose end was lost must not take
  /// the keys with which a person leaves.
  package var patience: CInt {
    if case .paste = state { return 1000 }
    return isInsideKey ? 50 : -1
  }

  /// Nothing followed in time: a key that has begun is dropped, a paste is all there is.
  package mutating func giveUp() -> [Key] {
    defer { state = .ground }
    guard case .paste(let bytes) = state else { return [] }
    return [Self.paste(bytes)]
  }

  /// The keys that these bytes complete.
  package mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
    bytes.compactMap { decode($0) }
  }

  private mutating func decode(_ byte: UInt8) -> Key? {
    switch state {
    case .ground: return begin(byte)
    case .character(let bytes, let length): return continueCharacter(bytes + [byte], length)
    case .escape: return afterEscape(byte)
    case .control(let bytes): return continueControl(bytes, byte)
    case .application:
      state = .ground
      return Self.arrow(byte, [])
    case .paste(let bytes): return continuePaste(bytes, byte)
    }
  }

  private mutating func begin(_ byte: UInt8) -> Key? {
    switch byte {
    case Self.escapeByte: state = .escape
    case 0x20..<0x7F: return .text(String(UnicodeScalar(byte)))
    case 0xC2...0xDF: state = .character([byte], length: 2)
    case 0xE0...0xEF: state = .character([byte], length: 3)
    case 0xF0...0xF4: state = .character([byte], length: 4)
    default: return Self.control(byte)
    }
    return nil
  }

  private mutating func continueCharacter(_ bytes: [UInt8], _ length: Int) -> Key? {
    guard bytes.last.map({ $0 & 0xC0 == 0x80 }) == true else {
      // The character was cut off; this byte begins something else.
      state = .ground
      return bytes.last.flatMap { begin($0) }
    }
    guard bytes.count == length else {
      state = .character(bytes, length: length)
      return nil
    }
    state = .ground
    guard let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: Self.isControl)
    else { return nil }
    return .text(text)
  }

  private mutating func afterEscape(_ byte: UInt8) -> Key? {
    state = .ground
    switch byte {
    case UInt8(ascii: "["): state = .control([])
    case UInt8(ascii: "O"): state = .application
    case Self.escapeByte: state = .escape
    // Alt with a letter.
    case UInt8(ascii: "b"): return .wordLeft
    case UInt8(ascii: "f"): return .wordRight
    case 0x7F: return .killWord
    default: break
    }
    return nil
  }

  private mutating func continueControl(_ bytes: [UInt8], _ byte: UInt8) -> Key? {
    switch byte {
    case 0x20...0x3F where bytes.count < 32:
      state = .control(bytes + [byte])
      return nil
    case 0x40...0x7E:
      state = .ground
      if byte == UInt8(ascii: "~"), bytes == Array("200".utf8) {
        state = .paste([])
        return nil
      }
      return Self.arrow(byte, bytes)
    default:
      state = .ground
      return begin(byte)
    }
  }

  private mutating func continuePaste(_ bytes: [UInt8], _ byte: UInt8) -> Key? {
    var bytes = bytes
    state = .ground
    bytes.append(byte)
    if bytes.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
      return Self.paste(bytes.dropLast(Self.pasteEnd.count))
    }
    // Beyond the limit only the end is looked for.
    let kept = Self.pasteLimit + Self.pasteEnd.count
    if bytes.count > kept { bytes.remove(at: Self.pasteLimit) }
    state = .paste(bytes)
    return nil
  }

  private static func paste(_ bytes: some Collection<UInt8>) -> Key {
    .paste(String(decoding: bytes.prefix(pasteLimit), as: UTF8.self))
  }

  private static func isControl(_ scalar: UnicodeScalar) -> Bool { scalar.properties.generalCategory == .control }

  private static func control(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x01: .home
    case 0x02: .left
    case 0x03: .interrupt
    case 0x04: .endOfInput
    case 0x05: .end
    case 0x06: .right
    case 0x08, 0x7F: .backspace
    case 0x09: .text(" ")
    case 0x0A, 0x0D: .enter
    case 0x0B: .killToEnd
    case 0x0C: .redraw
    case 0x0E: .down
    case 0x10: .up
    case 0x15: .killToStart
    case 0x17: .killWord
    case 0x1A: .suspend
    default: nil
    }
  }

  /// A sequence by its last byte and what stood before it (`1;5` with ctrl).
  private static func arrow(_ last: UInt8, _ parameters: [UInt8]) -> Key? {
    let numbers = parameters.split(separator: UInt8(ascii: ";")).map { String(decoding: $0, as: UTF8.self) }
    let isModified = numbers.count > 1
    return switch (UnicodeScalar(last), numbers.first) {
    case ("A", _): .up
    case ("B", _): .down
    case ("C", _): isModified ? .wordRight : .right
    case ("D", _): isModified ? .wordLeft : .left
    case ("H", _), ("~", "1"), ("~", "7"): .home
    case ("F", _), ("~", "4"), ("~", "8"): .end
    case ("~", "3"): .delete
    default: nil
    }
  }
}
