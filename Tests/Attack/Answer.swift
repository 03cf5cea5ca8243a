// Owns: finding the replies and events in what a node sends, and the few things in them that are looked at.
// Must never: believe that a node is right: what is no JSON object is malformed.
// Runs on: the thread of its connection; values.

/// One reply or event.
struct Answer {
  /// The JSON text.
  let bytes: ArraySlice<UInt8>

  /// `"status":"OK"`
  var isOK: Bool { bytes.starts(with: Self.okay) }
  /// The stable name of an error; `nil` for anything else.
  var code: String? { bytes.starts(with: Self.error) ? text(of: "code") : nil }
  /// The name of an event; `nil` for a reply.
  var event: String? { bytes.starts(with: Self.event) ? text(of: "event") : nil }

  /// `OK`, a code, `event NAME`, or `malformed`.
  var name: String {
    guard bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else { return "malformed" }
    if isOK { return "OK" }
    return code ?? event.map { "event \($0)" } ?? "malformed"
  }

  /// The node has more to do than it can: not this client's rate.
  var isOverload: Bool { text(of: "message")?.contains("overloaded") ?? false }

  /// The first text under a key that has no escapes.
  func text(of key: String) -> String? {
    value(behind: "\"\(key)\":\"", while: { $0 != UInt8(ascii: "\"") })
  }

  /// The first number under a key.
  func number(of key: String) -> Int? {
    value(behind: "\"\(key)\":", while: Self.isDigit).flatMap { Int($0) }
  }

  /// The largest number under a key; `nil` without any.
  func largestNumber(of key: String) -> Int? {
    var rest = self
    var largest: Int?
    let pattern = Array("\"\(key)\":".utf8)
    while let start = Self.end(of: pattern, in: rest.bytes) {
      rest = Answer(bytes: rest.bytes[start...])
      let number = Int(String(decoding: rest.bytes.prefix(while: Self.isDigit), as: UTF8.self))
      largest = [largest, number].compactMap { $0 }.max()
    }
    return largest
  }

  private static let okay = Array("{\"status\":\"OK\"".utf8)
  private static let error = Array("{\"status\":\"ERROR\"".utf8)
  private static let event = Array("{\"event\":\"".utf8)

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private func value(behind pattern: String, while isPart: (UInt8) -> Bool) -> String? {
    guard let start = Self.end(of: Array(pattern.utf8), in: bytes) else { return nil }
    return String(decoding: bytes[start...].prefix(while: isPart), as: UTF8.self)
  }

  /// Where the first occurrence ends.
  private static func end(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = pattern.first, bytes.count >= pattern.count else { return nil }
    var index = bytes.startIndex
    while index + pattern.count <= bytes.endIndex {
      if bytes[index] == first, bytes[index..<index + pattern.count].elementsEqual(pattern) {
        return index + pattern.count
      }
      index += 1
    }
    return nil
  }
}

/// Cuts a stream at CRLF CRLF.
struct AnswerScanner {
  private var input: [UInt8] = []
  /// Bytes that are known to hold no end.
  private var searched = 0

  /// Adds what has arrived and takes the answers that are complete.
  mutating func append(_ bytes: ArraySlice<UInt8>) -> [Answer] {
    input += bytes
    var answers: [Answer] = []
    var begin = 0
    var index = max(searched - 3, 0)
    while index + 3 < input.count {
      let isEnd = input[index + 3] == 10 && input[index + 2] == 13 && input[index + 1] == 10 && input[index] == 13
      if isEnd {
        answers.append(Answer(bytes: input[begin..<index]))
        begin = index + 4
        index = begin
      } else {
        index += 1
      }
    }
    if begin > 0 { input = Array(input[begin...]) }
    searched = input.count
    return answers
  }
}
