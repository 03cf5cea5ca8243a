// The name of an account: what a user logs in with and what others write to.
// Never holds a name outside the grammar, so that it may stand in a Redis key or a JSON string as it is.
// Pure value; any thread.

/// An account name: `[a-z0-9][a-z0-9._-]{0,31}`, folded to lower case.
///
/// A session token is 36 characters long and a name at most 32, so the optional token in a request is unambiguous. So short, a name
/// fits into four words: it is passed on, compared and hashed without touching memory or counting references.
public struct AccountName: Hashable, Sendable, CustomStringConvertible {
  /// Its bytes in memory order, and zeros behind them, which no name holds.
  private struct Words: Hashable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var fourth: UInt64 = 0

    /// Most names are short.
    func hash(into hasher: inout Hasher) {
      hasher.combine(first)
      if second != 0 { hasher.combine(second) }
      if third != 0 { hasher.combine(third) }
      if fourth != 0 { hasher.combine(fourth) }
    }
  }

  private let words: Words

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
    var words = Words()
    withUnsafeMutableBytes(of: &words) { target in
      for index in bytes.indices { target[index] = ASCII.lowercased(bytes[index]) }
    }
    self.words = words
  }

  /// The name in lower case.
  public var description: String {
    withBytes { name in
      String(unsafeUninitializedCapacity: name.count) { target in
        UnsafeMutableRawBufferPointer(target).copyMemory(from: name)
        return name.count
      }
    }
  }

  /// Bytes of the name, 1 to 32.
  package var count: Int { withBytes { $0.count } }

  /// Appends the name, which needs no escape anywhere.
  package func append(to bytes: inout [UInt8]) { withBytes { bytes.append(contentsOf: $0) } }

  private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeBytes(of: words) { all in body(UnsafeRawBufferPointer(rebasing: all.prefix { $0 != 0 })) }
  }
}
