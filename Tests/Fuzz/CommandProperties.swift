// Owns: what holds for any line, given to the command parser.
// Must never: know how the parser works.
// Runs on: any thread.
import ChatProtocol

/// A line → a command, a refusal, or nothing.
enum CommandProperties {
  enum Outcome: Equatable {
    case command(Command)
    case refusal(Refusal)
    case nothing
  }

  static func check(_ line: [UInt8]) throws(Finding) {
    let outcome = outcome(line)
    try checkBytes(line, outcome)
    switch outcome {
    case .nothing: try Finding.unless(line.allSatisfy { $0 == 32 }, "a line with words was ignored")
    case .command(let command):
      // What was understood can be said again, and means the same.
      let again = CommandProperties.outcome(CommandLine(command).bytes)
      try Finding.unless(again == outcome, "\(command), written and parsed again, is \(again)")
    case .refusal(let refusal):
      let sentence = Array(refusal.message.utf8)
      let isSentence = (1...200).contains(sentence.count) && sentence.allSatisfy { (0x20...0x7E).contains($0) }
      try Finding.unless(isSentence, "\(refusal.code) says \(refusal.message)")
      try checkSecrecy(line, refusal)
    }
  }

  static func outcome(_ line: [UInt8]) -> Outcome {
    do throws(Refusal) {
      return try CommandParser.parse(line).map { .command($0) } ?? .nothing
    } catch {
      return .refusal(error)
    }
  }

  /// The standard library's decoder is the judge of UTF-8.
  private static func checkBytes(_ line: [UInt8], _ outcome: Outcome) throws(Finding) {
    let code: Refusal.Code? = if case .refusal(let refusal) = outcome { refusal.code } else { nil }
    let isTooLong = line.count > ProtocolLimits.lineBytes
    try Finding.unless((code == .lineTooLong) == isTooLong, "\(line.count) bytes: \(outcome)")
    guard !isTooLong else { return }
    let text = String(validating: line, as: UTF8.self)
    try Finding.unless((code == .invalidUTF8) == (text == nil), "UTF-8 \(text == nil ? "broken" : "valid"): \(outcome)")
    guard let text else { return }
    // Unicode's general category Cc.
    let hasControl = text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    try Finding.unless((code == .controlCharacter) == hasControl, "control character: \(outcome)")
  }

  /// A refusal depends on the shape of what was typed and not on its letters: with other letters behind the command it is the
  /// same to the byte. So it can't quote a password, a token or a text.
  private static func checkSecrecy(_ line: [UInt8], _ refusal: Refusal) throws(Finding) {
    // Whether a number is one, and the byte limits above, are no secrets.
    guard refusal.code != .invalidNumber, refusal.code != .lineTooLong else { return }
    let changed = CommandProperties.outcome(withOtherLetters(line))
    try Finding.unless(changed == .refusal(refusal), "\(refusal) becomes \(changed) with other letters")
  }

  /// The line with each letter and digit behind its command word exchanged for another of the same kind.
  private static func withOtherLetters(_ line: [UInt8]) -> [UInt8] {
    var words = line.split(separator: 32, omittingEmptySubsequences: false)
    var isBehindCommand = false
    var keepsDigits = false  // 9 and 10 are not alike to `ack`
    for index in words.indices where !words[index].isEmpty {
      let isTag = !isBehindCommand && words[index].starts(with: "@id=".utf8)
      if isBehindCommand { words[index] = ArraySlice(words[index].map { keepsDigits && $0 < 0x3A ? $0 : other($0) }) }
      if !isBehindCommand, !isTag { keepsDigits = words[index].count == 3 }
      if isTag { words[index] = ArraySlice(words[index].prefix(4) + words[index].dropFirst(4).map(other)) }
      isBehindCommand = isBehindCommand || !isTag
    }
    return Array(words.joined(separator: [32]))
  }

  private static func other(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "8"), UInt8(ascii: "a")...UInt8(ascii: "e"),
      UInt8(ascii: "g")...UInt8(ascii: "y"), UInt8(ascii: "A")...UInt8(ascii: "E"),
      UInt8(ascii: "G")...UInt8(ascii: "Y"):
      byte + 1
    case UInt8(ascii: "9"): UInt8(ascii: "0")
    case UInt8(ascii: "f"), UInt8(ascii: "F"): byte - 5
    case UInt8(ascii: "z"), UInt8(ascii: "Z"): byte - 19
    default: byte
    }
  }
}
