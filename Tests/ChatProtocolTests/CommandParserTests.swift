// Owns: the grammar of a request line, as tables.
// Must never: open a socket.
// Runs on: any thread.
import ChatProtocol
import Testing

private let token = "0f8fad5b-d9cb-469f-a165-70867728950e"

@Suite struct CommandParserTests {
  @Test(
    arguments: [
      ("auth arini hehe", "auth arini <hehe>"),
      ("send lineker piye kabare?", "send - lineker <piye kabare?>"),
      ("send \(token) lineker piye kabare?", "send \(token) lineker <piye kabare?>"),
      ("inbox", "inbox -"), ("inbox \(token)", "inbox \(token)"),
      ("user_aktif", "user_aktif -"), ("user_aktif \(token)", "user_aktif \(token)"),
      ("block Lineker", "block - lineker"), ("block \(token) lineker", "block \(token) lineker"),
      ("unblock lineker", "unblock - lineker"), ("unblock \(token) lineker", "unblock \(token) lineker"),
      ("blocks", "blocks -"), ("blocks \(token)", "blocks \(token)"),
      ("logout", "logout -"), ("logout \(token)", "logout \(token)"),
      ("resume \(token)", "resume \(token)"), ("listen", "listen -"), ("listen \(token)", "listen \(token)"),
      ("unlisten", "unlisten"), ("watch *", "watch everyone"), ("watch a", "watch a"), ("watch a B c", "watch a,b,c"),
      ("unwatch", "unwatch everyone"), ("unwatch *", "unwatch everyone"), ("unwatch a b", "unwatch a,b"),
      ("ping", "ping"), ("help", "help"), ("quit", "quit"),
    ])
  func `each command, with and without the token`(line: String, expected: String) {
    #expect(outcome(of: line) == expected)
    // Clients of the course put a space before the line end; leading spaces and any case are let through, too.
    #expect(outcome(of: line + " ") == expected)
    #expect(outcome(of: "   " + line + "   ") == expected)
    let (word, rest) = (line.prefix { $0 != " " }, line.drop { $0 != " " })
    #expect(outcome(of: word.uppercased() + rest) == expected)
    #expect(outcome(of: word.prefix(1).uppercased() + word.dropFirst() + "  " + rest) == expected)
    // A CR that is left of a CR CR LF is a control character, not part of an argument.
    #expect(outcome(of: line + "\r") == "control_character")
    #expect(outcome(of: line + "\n") == "control_character")
  }

  @Test(
    arguments: [
      // Spaces between words count for nothing, spaces in a password or a text stay.
      ("auth   arini   two  words  ", "auth arini <two  words>"),
      ("send   lineker   a   b  ", "send - lineker <a   b>"),
      ("send  \(token)   lineker   a   b  ", "send \(token) lineker <a   b>"),
      ("inbox   \(token)   ", "inbox \(token)"),
      // Names fold, passwords and texts don't; a token may come in capitals.
      ("auth ARINI HeHe", "auth arini <HeHe>"),
      ("send Gary.Lineker_86-x Halo", "send - gary.lineker_86-x <Halo>"),
      ("inbox \(token.uppercased())", "inbox \(token)"),
      // What looks like a token is one only where the grammar has one.
      ("send lineker \(token)", "send - lineker <\(token)>"),
      ("send \(token) lineker \(token)", "send \(token) lineker <\(token)>"),
      ("send \(token) \(token) hi", "invalid_name"),
      ("auth \(token) hehe", "auth_failed"),
      ("auth arini \(token)", "auth arini <\(token)>"),
      // One digit short, one dash misplaced, braces: no token, and no name either.
      ("send \(token.dropLast()) lineker hi", "invalid_name"),
      ("send 0f8fad5bd-9cb-469f-a165-70867728950e lineker hi", "invalid_name"),
      ("send 0f8fad5b-d9cb-469f-a165-7086772895ge lineker hi", "invalid_name"),
      // Without its dashes a token is 32 characters of the name's grammar: a name.
      ("send 0f8fad5bd9cb469fa16570867728950e hi", "send - 0f8fad5bd9cb469fa16570867728950e <hi>"),
      ("send lineker 🙂 \"q\" \\ שלום", "send - lineker <🙂 \"q\" \\ שלום>"),
    ])
  func `words, spaces, names and tokens`(line: String, expected: String) {
    #expect(outcome(of: line) == expected)
  }

  @Test(arguments: ["", " ", "      "])
  func `an empty line is ignored`(line: String) {
    #expect(outcome(of: line) == "ignored")
  }

  @Test(
    arguments: [
      ("auth", "missing_argument"), ("auth arini", "missing_argument"), ("auth arini   ", "missing_argument"),
      ("send", "missing_argument"), ("send lineker", "missing_argument"), ("send lineker  ", "missing_argument"),
      ("send \(token)", "missing_argument"), ("send \(token) lineker", "missing_argument"),
      ("inbox x", "invalid_session"), ("user_aktif x", "invalid_session"), ("logout x", "invalid_session"),
      ("inbox \(token) x", "unexpected_argument"), ("user_aktif x y", "unexpected_argument"),
      ("logout \(token) \(token)", "unexpected_argument"),
      ("resume", "missing_argument"), ("resume x", "invalid_session"), ("resume \(token) x", "unexpected_argument"),
      ("listen x", "invalid_session"), ("unlisten x", "unexpected_argument"), ("watch", "missing_argument"),
      ("watch * a", "unexpected_argument"), ("watch a *", "invalid_name"), ("unwatch -x", "invalid_name"),
      ("block", "missing_argument"), ("block \(token)", "missing_argument"), ("block a b", "unexpected_argument"),
      ("block *", "invalid_name"), ("block \(token) a b", "unexpected_argument"), ("unblock", "missing_argument"),
      ("unblock \(token) -x", "invalid_name"), ("blocks a", "invalid_session"),
      ("ping x", "unexpected_argument"), ("help me", "unexpected_argument"), ("quit now", "unexpected_argument"),
      ("sen", "unknown_command"), ("sendd a b", "unknown_command"), ("user-aktif", "unknown_command"),
      ("{\"a\":1}", "unknown_command"), ("GET / HTTP/1.1", "unknown_command"), ("ｐｉｎｇ", "unknown_command"),
      ("send -x hi", "invalid_name"), ("send .x hi", "invalid_name"), ("send _x hi", "invalid_name"),
      ("send a/b hi", "invalid_name"), ("send a}b hi", "invalid_name"), ("send é hi", "invalid_name"),
      ("auth -x hehe", "auth_failed"), ("auth é hehe", "auth_failed"),
    ])
  func `each refusal`(line: String, code: String) {
    #expect(outcome(of: line) == code)
  }

  @Test func `a refusal says how the command is used, and nothing of what was sent`() {
    #expect(throws: Refusal(.missingArgument, "usage: [@id=TAG] send [TOKEN] USER TEXT")) {
      try CommandParser.parse(Array("send s3cret".utf8))
    }
    #expect(throws: Refusal(.unexpectedArgument, "too many words; usage: ping")) {
      try CommandParser.parse(Array("ping s3cret".utf8))
    }
    #expect(throws: Refusal.authFailed) { try CommandParser.parse(Array("auth -x s3cret".utf8)) }
    #expect(throws: Refusal.invalidSession) { try CommandParser.parse(Array("inbox s3cret".utf8)) }
    #expect(
      Refusal.Code.allCases.filter(\.closes) == [
        .lineTooLong, .tooManyConnections, .loginTimeout, .idleTimeout, .lineTimeout,
      ])
  }

  @Test func `the stable names of all codes`() {
    #expect(
      Refusal.Code.allCases.map(\.rawValue) == [
        "invalid_utf8", "control_character", "line_too_long", "unknown_command", "missing_argument",
        "unexpected_argument", "invalid_name", "text_too_long", "auth_failed", "invalid_password",
        "too_many_attempts", "not_logged_in", "invalid_session", "unknown_user", "inbox_full", "blocked",
        "own_name", "too_many_blocked", "invalid_tag",
        "invalid_number", "unknown_message", "not_listening",
        "too_many_watched", "busy", "slow_down", "too_many_connections", "login_timeout", "idle_timeout",
        "line_timeout", "unavailable",
        "outcome_unknown",
      ])
  }
}
