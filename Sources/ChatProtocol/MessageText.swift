// The text of a message as the parser let it through.
// Never empty, too long, or with a control character or broken UTF-8 in it.
// Pure value; any thread.

/// A message text: 1 to 4,096 bytes of UTF-8, no control characters, no spaces at its ends.
public struct MessageText: Hashable, Sendable {
  /// The bytes of the text in UTF-8.
  public let utf8: [UInt8]

  /// The bytes of a line that the parser has already checked for UTF-8 and control characters, trimmed.
  init(checked bytes: Span<UInt8>) {
    utf8 = bytes.withUnsafeBufferPointer { Array($0) }
  }
}
