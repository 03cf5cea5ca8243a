// Owns: RESP2 read once more, plainly, by its specification (redis.io, "Redis serialization protocol"), and Kabar's bounds.
// Must never: share code with the decoder that it judges.
// Runs on: any thread; a value.
import RedisClient

/// The replies in some bytes, and why there are no more.
struct ReferenceReplies {
  enum End: Error {
    /// More bytes may come.
    case incomplete
    /// No bytes can make this a reply of RESP2 within the bounds.
    case refused
    /// Versions of hiredis differ: types of RESP3, line ends within a status, a string without its line end.
    case unspecified
  }

  private(set) var replies: [RedisReply] = []
  private(set) var end = End.incomplete
  private var rest: ArraySlice<UInt8>
  private let limits: ReplyDecoder.Limits
  /// `kabar_reader` in CHiredis.
  private static let deepest = 7

  init(_ bytes: [UInt8], _ limits: ReplyDecoder.Limits) {
    rest = bytes[...]
    self.limits = limits
    while true {
      let start = rest.startIndex
      do throws(End) {
        let reply = try reply(depth: 0)
        if rest.startIndex - start > limits.bytes { throw .refused }
        replies.append(reply)
      } catch {
        end = error == .incomplete && bytes.endIndex - start > limits.bytes ? .refused : error
        return
      }
    }
  }

  private mutating func reply(depth: Int) throws(End) -> RedisReply {
    guard let type = rest.popFirst() else { throw .incomplete }
    switch type {
    case UInt8(ascii: "+"): return .bytes(try text())
    case UInt8(ascii: "-"): return .error(RedisServerError(message: String(decoding: try text(), as: UTF8.self)))
    case UInt8(ascii: ":"): return .integer(try number(.min ... .max))
    case UInt8(ascii: "$"): return try string(try number(-1 ... .max))
    case UInt8(ascii: "*"): return try array(try number(-1 ... .max), depth: depth + 1)
    case _ where "_#,(!=%~|>".utf8.contains(type): throw .unspecified
    default: throw .refused
    }
  }

  /// Up to CRLF.
  private mutating func line() throws(End) -> [UInt8] {
    var before: UInt8 = 0
    for index in rest.indices {
      if before == 13, rest[index] == 10 {
        defer { rest = rest[(index + 1)...] }
        return Array(rest[..<(index - 1)])
      }
      before = rest[index]
    }
    throw .incomplete
  }

  private mutating func text() throws(End) -> [UInt8] {
    let line = try line()
    if line.contains(where: { $0 == 13 || $0 == 10 }) { throw .unspecified }
    return line
  }

  private mutating func number(_ range: ClosedRange<Int>) throws(End) -> Int {
    let digits = String(decoding: try line(), as: UTF8.self)
    guard let number = Int(digits), "\(number)".utf8.elementsEqual(digits.utf8), range.contains(number) else {
      throw .refused
    }
    return number
  }

  private mutating func string(_ count: Int) throws(End) -> RedisReply {
    if count == -1 { return .null }
    guard rest.count >= 2, rest.count - 2 >= count else { throw .incomplete }
    let content = Array(rest.prefix(count))
    guard rest.dropFirst(count).starts(with: [13, 10]) else { throw .unspecified }
    rest = rest.dropFirst(count + 2)
    return .bytes(content)
  }

  private mutating func array(_ count: Int, depth: Int) throws(End) -> RedisReply {
    if count == -1 { return .null }
    guard count <= limits.elements, depth <= Self.deepest else { throw .refused }
    var elements: [RedisReply] = []
    for _ in 0..<count { elements.append(try reply(depth: depth)) }
    return .array(elements)
  }
}
