// Owns: where one reply ends and the next begins, on both wires.
// Must never: look at a byte twice because the reply came in pieces, nor keep bytes itself.
// Runs on: the generator's event loop (a value).

/// Which language a connection speaks.
package enum Wire: Sendable {
  /// Kabar's: lines in, JSON ended by CRLF CRLF out.
  case line
  /// Redis' RESP2.
  case resp
}

/// Finds the end of the first reply in what has come so far. Feed it the same bytes, grown at the end, until it answers a
/// length; take that many bytes off the front before the next call.
package struct ReplyScanner: Sendable {
  private let wire: Wire
  /// Everything before this has been looked at.
  private var position = 0
  /// RESP: values that are still to come, those of nested arrays included.
  private var values = 1

  /// A scanner at the beginning of a stream.
  package init(_ wire: Wire) { self.wire = wire }

  /// The length of the first whole reply in `bytes` from `start` on, its line ends included; nil while it is incomplete.
  package mutating func next(in bytes: Span<UInt8>, from start: Int) -> Int? {
    let length = wire == .line ? nextLine(in: bytes, from: start) : nextValue(in: bytes, from: start)
    if length != nil { (position, values) = (0, 1) }
    return length
  }

  private mutating func nextLine(in bytes: Span<UInt8>, from start: Int) -> Int? {
    // Where CRLF CRLF could end (Horspool): most steps pass four bytes.
    var index = start + max(position, 3)
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"):
        if bytes[index - 1] == UInt8(ascii: "\r"), bytes[index - 2] == UInt8(ascii: "\n"),
          bytes[index - 3] == UInt8(ascii: "\r")
        {
          return index + 1 - start
        }
        index += 2
      case UInt8(ascii: "\r"): index += 1
      default: index += 4
      }
    }
    position = index - start
    return nil
  }

  private mutating func nextValue(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = start + position
    while values > 0 {
      guard let (number, end) = Self.header(in: bytes, at: index) else {
        position = index - start
        return nil
      }
      switch bytes[index] {
      case UInt8(ascii: "$") where number >= 0:
        guard end + number + 2 <= bytes.count else {
          position = index - start
          return nil
        }
        index = end + number + 2
        values -= 1
      case UInt8(ascii: "*") where number > 0:
        index = end
        values += number - 1
      default:
        index = end
        values -= 1
      }
    }
    return index - start
  }

  /// The number in a line such as `$64`, and where the line ends; nil while it is incomplete.
  private static func header(in bytes: Span<UInt8>, at start: Int) -> (number: Int, end: Int)? {
    var index = start + 1
    var number = 0
    var isNegative = false
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\n") { return (isNegative ? -1 : number, index) }
      if byte == UInt8(ascii: "-") { isNegative = true }
      let digit = byte &- UInt8(ascii: "0")
      if digit < 10 { number = number &* 10 &+ Int(digit) }
    }
    return nil
  }
}
