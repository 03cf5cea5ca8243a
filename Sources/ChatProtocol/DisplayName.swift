// The name that people read: free text, bounded and printable.
// Never used to find an account.
// Pure value; any thread.

/// A person's name as shown to others: 1 to 128 bytes of UTF-8 without control characters, trimmed.
public struct DisplayName: Hashable, Sendable, CustomStringConvertible {
  /// The name as given, without spaces at its ends.
  public let description: String

  /// `nil` if nothing is left after trimming, if it is too long, or if it holds a control character.
  public init?(_ text: String) {
    // Code points, not characters: a space is one also where a combining mark follows it.
    let space: (Unicode.Scalar) -> Bool = { $0 == " " }
    let begun = text.unicodeScalars.drop(while: space)
    guard let last = begun.lastIndex(where: { !space($0) }) else { return nil }
    var name = String(begun[...last])
    guard (1...ProtocolLimits.displayNameBytes).contains(name.utf8.count) else { return nil }
    if name.withUTF8({ ASCII.containsControlCharacter($0.span) }) { return nil }
    description = name
  }
}
