// What Redis answers, as a Swift value.
// Never holds memory of hiredis.
// Pure value; any thread.

/// A reply of RESP2.
package enum RedisReply: Equatable, Sendable {
  /// The null bulk string or the null array.
  case null
  /// `:42`
  case integer(Int)
  /// A bulk string, or a status like `OK`.
  case bytes([UInt8])
  /// An array, possibly of arrays.
  case array([RedisReply])
  /// `-WRONGTYPE …`
  case error(RedisServerError)

  /// The text of a bulk string or status; broken UTF-8 is repaired.
  package var text: String? {
    guard case .bytes(let bytes) = self else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// An integer, also one in a bulk string.
  package var integer: Int? {
    switch self {
    case .integer(let number): number
    case .bytes: text.flatMap { Int($0) }
    default: nil
    }
  }

  /// The elements of an array.
  package var elements: [RedisReply]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }
}
