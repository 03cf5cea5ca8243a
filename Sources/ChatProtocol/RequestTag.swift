// A client's own name for a request, so that it can repeat it without having it carried out twice.
// Never holds a space or a control character.
// Pure value; any thread.

/// The TAG of `@id=TAG send …`: 1 to 64 printable ASCII characters without spaces, scoped to the sender and the recipient.
public struct RequestTag: Hashable, Sendable, CustomStringConvertible {
  /// The characters behind `@id=`.
  public let description: String

  static let prefix = "@id="
  /// Of the prefix; no command begins with it.
  static let firstByte = UInt8(ascii: "@")

  /// Checks the characters and their number.
  public init?(_ text: String) {
    guard (1...ProtocolLimits.tagLength).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    description = text
  }
}
