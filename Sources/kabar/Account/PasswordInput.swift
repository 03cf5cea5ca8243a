// How a command gets a password: from standard input or from the terminal, without echo.
// Never from an argument: those stand in every process list and shell history.
// Main thread of a command.

import ArgumentParser
import ChatProtocol
import Foundation

/// `--password-stdin`, or a question asked twice on the terminal.
struct PasswordInput: ParsableArguments {
  @Flag(name: .customLong("password-stdin"), help: "Read the password from standard input (first line).")
  var fromStandardInput = false

  /// The password, checked for its length and for characters that a request line can't carry.
  func read(asking prompt: String) throws -> String {
    let password: String?
    if fromStandardInput {
      password = readLine(strippingNewline: true)
    } else {
      guard isatty(STDIN_FILENO) == 1 else { throw ValidationError("no terminal to ask on: use --password-stdin") }
      password = Self.ask(prompt)
      guard password == Self.ask("Again: ") else { throw Failure("the two passwords differ") }
    }
    return try Self.check(password ?? "")
  }

  /// The rules for a new password: what `auth` can carry.
  static func check(_ password: String) throws -> String {
    guard (1...ProtocolLimits.passwordBytes).contains(password.utf8.count) else {
      throw Failure("a password has 1 to \(ProtocolLimits.passwordBytes) bytes")
    }
    // By code points, as the parser reads a line: a space before a combining mark is a space, C1 is a control character.
    let scalars = password.unicodeScalars
    let hasControl = scalars.contains { $0.properties.generalCategory == .control }
    guard scalars.first != " ", scalars.last != " ", !hasControl else {
      throw Failure("a password has no control characters and no space at its ends")
    }
    return password
  }

  private static func ask(_ prompt: String) -> String? {
    guard let typed = getpass(prompt) else { return nil }
    return String(cString: typed)
  }
}
