// Owns: what the parser does with bytes at its bounds and beyond them.
// Must never: take a trap for an answer.
// Runs on: any thread.
import ChatProtocol
import Testing

import struct TestSupport.SeededGenerator

@Suite struct CommandParserBytesTests {
  private func bytes(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  @Test func `each limit, exactly and one beyond`() {
    #expect(outcome(of: "ping" + bytes(" ", 8188)) == "ping")
    #expect(outcome(of: "ping" + bytes(" ", 8189)) == "line_too_long")
    #expect(outcome(of: bytes("\u{0}", 8193)) == "line_too_long")

    #expect(outcome(of: "send a " + bytes("x", 4096)) == "send - a <\(bytes("x", 4096))>")
    #expect(outcome(of: "send a " + bytes("x", 4096) + "  ") == "send - a <\(bytes("x", 4096))>")
    #expect(outcome(of: "send a " + bytes("x", 4097)) == "text_too_long")
    #expect(outcome(of: "send a " + bytes("🙂", 1024)) == "send - a <\(bytes("🙂", 1024))>")
    #expect(outcome(of: "send a " + bytes("🙂", 1024) + "x") == "text_too_long")

    #expect(outcome(of: "send \(bytes("N", 32)) x") == "send - \(bytes("n", 32)) <x>")
    #expect(outcome(of: "send \(bytes("n", 33)) x") == "invalid_name")
    #expect(outcome(of: "auth \(bytes("n", 32)) x") == "auth \(bytes("n", 32)) <x>")
    #expect(outcome(of: "auth \(bytes("n", 33)) x") == "auth_failed")

    #expect(outcome(of: "auth a " + bytes("p", 256)) == "auth a <\(bytes("p", 256))>")
    #expect(outcome(of: "auth a " + bytes("p", 257)) == "auth_failed")
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xFF], [0xFE], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x99],  // alone, truncated
      [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xF0, 0x80, 0x80, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF],  // overlong
      [0xED, 0xA0, 0x80], [0xED, 0xAF, 0xBF], [0xED, 0xB0, 0x80], [0xED, 0xBF, 0xBF],  // surrogates
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],  // beyond U+10FFFF
      [0xC3, 0x28], [0xE2, 0x28, 0xA1],  // a continuation that is none
    ] as [[UInt8]])
  func `invalid UTF-8 anywhere`(broken: [UInt8]) {
    #expect(outcome(of: broken) == "invalid_utf8")
    #expect(outcome(of: Array("send a x".utf8) + broken) == "invalid_utf8")
    #expect(outcome(of: Array("send a ".utf8) + broken + Array(" x".utf8)) == "invalid_utf8")
    #expect(outcome(of: Array("auth a ".utf8) + broken) == "invalid_utf8")
    #expect(outcome(of: broken + Array("ping".utf8)) == "invalid_utf8")
  }

  /// The first and last of each length, and those beside the surrogates: `C2 80`–`C2 9F` are control characters.
  @Test(arguments: ["\u{A0}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"])
  func `valid UTF-8 at the bounds`(text: String) {
    #expect(outcome(of: "send a " + text) == "send - a <\(text)>")
  }

  @Test(arguments: Array(0x00...0x1F) + Array(0x7F...0x9F))
  func `each control character`(code: Int) throws {
    let control = String(try #require(Unicode.Scalar(UInt32(code))))
    #expect(outcome(of: control) == "control_character")
    #expect(outcome(of: control + "ping") == "control_character")
    #expect(outcome(of: "send a x\(control)y") == "control_character")
    #expect(outcome(of: "auth a x" + control) == "control_character")
  }

  /// Bytes of C1 as the tail of other letters are no control characters.
  @Test func `letters whose last byte is in the range of C1`() {
    for scalar in (0x100..<0x800).compactMap(Unicode.Scalar.init(_:)) {
      #expect(outcome(of: "send a \(scalar)") == "send - a <\(scalar)>")
    }
  }

  @Test func `100,000 random lines never trap, and what passes keeps its promises`() {
    var random = SeededGenerator(seed: 8889)
    var passed = 0
    var refusals: Set<String> = []
    for _ in 0..<100_000 {
      let line = Self.line(&random)
      do throws(Refusal) {
        guard let command = try CommandParser.parse(line) else { continue }
        passed += 1
        if !Self.isSound(command) { Issue.record("not sound: \(command)") }
        // The standard library's decoder is the judge of UTF-8.
        if String(validating: line, as: UTF8.self) == nil { Issue.record("let through: \(line)") }
      } catch {
        refusals.insert(error.code.rawValue)
        if (error.code == .invalidUTF8) != (line.count <= 8192 && String(validating: line, as: UTF8.self) == nil) {
          Issue.record("\(error.code): \(line)")
        }
      }
    }
    #expect(passed > 10_000)
    // All that the parser can say, and nothing else. No random word is long enough for `text_too_long`.
    #expect(
      refusals == [
        "invalid_utf8", "control_character", "line_too_long", "unknown_command", "missing_argument",
        "unexpected_argument", "invalid_name", "auth_failed", "invalid_session",
      ])
  }

  /// Pieces of the grammar and bytes from anywhere, in any order.
  private static func line(_ random: inout SeededGenerator) -> [UInt8] {
    if Int.random(in: 0..<5000, using: &random) == 0 { return Array(repeating: 0x20, count: 8193) }
    let pieces = ["send ", "auth ", "inbox", "user_aktif ", "LOGOUT", "ping", " ", "arini ", "-", "x", "é", "🙂"]
    let token = "0f8fad5b-d9cb-469f-a165-70867728950e "
    var line: [UInt8] = []
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: line.append(UInt8.random(in: .min ... .max, using: &random))
      case 1: line += token.utf8
      default: line += (pieces.randomElement(using: &random) ?? "").utf8
      }
    }
    return line
  }

  private static func isSound(_ command: Command) -> Bool {
    switch command {
    case .auth(let name, let password):
      return AccountName(name.description) == name && (1...256).contains(password.utf8.count)
    case .send(_, let name, let text, _):
      let isTrimmed = text.utf8.first != 0x20 && text.utf8.last != 0x20
      return AccountName(name.description) == name && (1...4096).contains(text.utf8.count) && isTrimmed
    default: return true
    }
  }
}
