// The name of an account: what a user logs in with and what others write to.
// Never holds a name outside the grammar, so that it may stand in a Redis key or a JSON string as it is.
// Pure value; any thread.

/// An account name: `[a-z0-9][a-z0-9._-]{0,31}`, folded to lower case.
///
/// A session token is 36 characters long and a name at most 32, so the optional token in a request is unambiguous.
public struct AccountName: Hashable, Sendable, CustomStringConvertible {
  /// The name in lower case.
  public let description: String

  /// Folds `text` to lower case; `nil` if it is then outside the grammar.
  public init?(_ text: String) {
    var bytes = text
    let name = bytes.withUTF8 { AccountName(ascii: $0.span) }
    guard let name else { return nil }
    self = name
  }

  /// The same from the bytes of a request.
  package init?(ascii bytes: Span<UInt8>) {
    guard (1...ProtocolLimits.nameLength).contains(bytes.count) else { return nil }
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        continue
      case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        if index == 0 { return nil }
      default: return nil
      }
    }
    description = String(unsafeUninitializedCapacity: bytes.count) { target in
      for index in bytes.indices { target[index] = ASCII.lowercased(bytes[index]) }
      return bytes.count
    }
  }
}
