// Owns: what can be a password: exactly what `auth` can carry.
// Must never: hash.
// Runs on: any thread.
import ChatProtocol
import Testing

@testable import kabar

@Suite struct PasswordInputTests {
  @Test(
    arguments: [
      "x", "two words", "a  b", "é", "🙂", "e\u{301}", "\u{A0}x\u{A0}", "\"", "p\u{FFFF}",
      String(repeating: "p", count: 256), String(repeating: "🙂", count: 64),
    ])
  func `a password that is taken is what auth brings`(password: String) throws {
    #expect(try PasswordInput.check(password) == password)
    #expect(Self.brought(password) == Array(password.utf8))
  }

  @Test(
    arguments: [
      "", " ", " x", "x ", "a\nb", "a\tb", "a\0", "x\r", "\u{7F}", "a\u{80}", "a\u{85}b", "a\u{9F}",
      String(repeating: "p", count: 257), String(repeating: "🙂", count: 64) + "x",
      // The space is one character with what follows or precedes it, but a byte of its own to the parser.
      " \u{301}x", "x\u{600} ",
    ])
  func `a password that auth can't bring is refused`(password: String) {
    #expect(throws: Failure.self) { try PasswordInput.check(password) }
    #expect(Self.brought(password) != Array(password.utf8))
  }

  /// What the server reads from `auth a PASSWORD`; `nil` if it refuses the line.
  private static func brought(_ password: String) -> [UInt8]? {
    guard case .auth(_, let brought) = try? CommandParser.parse(Array("auth a \(password)".utf8)) else { return nil }
    return Array(brought.utf8)
  }
}
