// Owns: cutting typed or piped bytes into lines, with a bound on what one line may hold in memory.
// Must never: read anything itself, or alter a line silently (bytes that aren't UTF-8 are named, not repaired).
// Runs on: a value; belongs to whoever reads.
import ChatClient

/// One line of input without its end, or why it can't be used.
package enum ChatInputLine: Equatable, Sendable {
  case text(String)
  case tooLong
  case notUTF8
}

/// Cuts a stream of bytes into lines that end with LF or CR LF.
package struct ChatInputLines {
  /// Bytes of a line that are kept, the CR of its end included; a longer line is only named.
  package static let limit = ChatConnection.maximumLineBytes + 1

  private var line: [UInt8] = []
  private var overflowed = false

  package init() {}

  /// Takes the next bytes of the input; returns the lines that they complete.
  package mutating func append(_ bytes: [UInt8]) -> [ChatInputLine] {
    var complete: [ChatInputLine] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        complete.append(takeLine())
      } else if line.count < Self.limit {
        line.append(byte)
      } else {
        overflowed = true
      }
    }
    return complete
  }

  /// The line that the end of the input leaves without a line end, if there is one.
  package mutating func finish() -> ChatInputLine? {
    line.isEmpty ? nil : takeLine()
  }

  private mutating func takeLine() -> ChatInputLine {
    defer {
      line.removeAll(keepingCapacity: true)
      overflowed = false
    }
    if overflowed { return .tooLong }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return String(validating: line, as: UTF8.self).map(ChatInputLine.text) ?? .notUTF8
  }
}
