// A command of which only the key and the last word differ from one call to the next.
// Never knows what the command means.
// Pure value; any thread.

/// Words that are encoded once for many commands.
package struct PreparedCommand: Sendable {
  private let beginning: [UInt8]

  /// All words but the key and the last one.
  package init(_ words: RedisArgument...) { beginning = RedisCommand.encode(words, ofAll: words.count + 2) }

  /// Appends the RESP form of the whole command. `appendKey` appends as many bytes as `keyBytes` says: so no String is made for a
  /// key, nor is one looked up.
  package func encode(
    keyBytes: Int, _ last: [UInt8], into bytes: inout [UInt8], appendKey: (inout [UInt8]) -> Void
  ) {
    bytes.append(contentsOf: beginning)
    bytes.appendHeader("$", keyBytes)
    appendKey(&bytes)
    bytes.appendLineEnd()
    bytes.appendHeader("$", last.count)
    bytes.append(contentsOf: last)
    bytes.appendLineEnd()
  }
}
