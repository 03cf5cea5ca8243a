// A command of which only the last word differs from one call to the next.
// Never knows what the command means.
// Pure value; any thread.

/// Words that are encoded once for many commands.
package struct PreparedCommand: Sendable {
  private let beginning: [UInt8]

  /// All words but the last.
  package init(_ words: RedisArgument...) { beginning = RedisCommand.encode(words, ofAll: words.count + 1) }

  /// The whole command.
  package func with(_ last: [UInt8]) -> RedisCommand { RedisCommand(beginning: beginning, last: last) }
}
