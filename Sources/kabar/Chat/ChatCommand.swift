// Owns: what a typed line means to the terminal client: which of it goes to the server, and what its reply will be about.
// Must never: judge a command for the server; a line that isn't understood here is sent as it was typed.
// Runs on: values.
import ChatProtocol

/// A line typed into `kabar chat`.
package enum ChatCommand: Equatable, Sendable {
  /// A blank line: servers ignore it, so it isn't sent.
  case nothing
  /// The list of commands, printed without asking the server.
  case help
  /// Leave in order: tell the server, take its goodbye, close.
  case quit
  /// A request line, and what its reply answers.
  case request(line: String, Topic)

  /// What a reply is about; decides how it is printed.
  package enum Topic: Equatable, Sendable {
    case auth(user: String)
    case send(to: String)
    case inbox
    case activeUsers
    case logout
    /// Anything else, such as `ping`: the server's own message is printed.
    case other
  }

  /// Reads a typed line. Command words may be in any case, as for the server.
  ///
  /// - Parameter token: the session's token, put in where the line has none: servers of the older kind want it in
  ///   every command.
  package init(typed: String, token: String?) {
    let words = typed.split(maxSplits: 2, omittingEmptySubsequences: true, whereSeparator: Self.isBlank)
    guard let name = words.first else {
      self = .nothing
      return
    }
    let line = typed.drop(while: Self.isBlank)
    let typedToken = words.dropFirst().first.flatMap { SessionToken(String($0)) } != nil
    let withToken =
      if let token, !typedToken { "\(name) \(token)\(line.dropFirst(name.count))" } else { String(line) }
    switch name.lowercased() {
    case "help": self = .help
    case "quit", "exit": self = .quit
    case "auth": self = .request(line: String(line), .auth(user: words.count > 1 ? String(words[1]) : ""))
    case "send": self = .request(line: withToken, .send(to: Self.receiver(words, afterToken: typedToken)))
    case "inbox": self = .request(line: withToken, .inbox)
    case "user_aktif": self = .request(line: withToken, .activeUsers)
    case "logout": self = .request(line: withToken, .logout)
    default: self = .request(line: String(line), .other)
    }
  }

  /// A typed line without the tag (`@id=1`) that servers permit before a command.
  package static func withoutTag(_ typed: String) -> String {
    let line = typed.drop(while: isBlank)
    return line.hasPrefix("@id=") ? String(line.drop { !isBlank($0) }) : typed
  }

  /// The receiver of `send USER TEXT` or `send TOKEN USER TEXT`; empty if there is none (the server will say so).
  private static func receiver(_ words: [Substring], afterToken: Bool) -> String {
    guard afterToken else { return words.count > 1 ? String(words[1]) : "" }
    let rest = words.count > 2 ? words[2] : ""
    return String(rest.prefix { !isBlank($0) })
  }

  private static func isBlank(_ character: Character) -> Bool {
    character == " " || character == "\t"
  }
}
