// Owns: what a typed line means where messages arrive by themselves: which of the client's methods carries it out.
// Must never: judge a command for the server; a line that isn't understood here is sent as it was typed.
// Runs on: values.

/// A line typed at a terminal, for a session that outlives its connections.
package enum LiveCommand: Equatable, Sendable {
  case login(user: String, password: String)
  case resume(token: String)
  case send(to: String, text: String)
  case inbox(line: String)
  case logout
  /// Nobody in it: everyone.
  case watch([String])
  case unwatch
  /// Whether messages arrive by themselves is the program's business here.
  case listen, unlisten
  /// What is carried out as in a pipe.
  case plain(ChatCommand)

  /// Reads a typed line; see ``ChatCommand``.
  package init(typed: String, token: String?) {
    // What changes the session is the client's business with a tag, too; a send's own tag goes to the server.
    let untagged = ChatCommand.withoutTag(typed)
    let command = ChatCommand(typed: untagged, token: token)
    let words = untagged.split(maxSplits: 2, whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    let names = untagged.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().map(String.init)
    switch (command, words.first?.lowercased()) {
    case (.request(_, .auth), _) where words.count == 3: self = .login(user: words[1], password: words[2])
    // With a token of somebody's own it is that session's business.
    case (.request(_, .send(let user)), _) where words.count == 3 && words[1] == user && untagged == typed:
      self = .send(to: user, text: String(words[2].drop { $0 == " " || $0 == "\t" }))
    case (.request(let line, .inbox), _) where words.count == 1 && untagged == typed: self = .inbox(line: line)
    case (.request(_, .logout), _) where words.count == 1: self = .logout
    case (_, "resume") where words.count == 2: self = .resume(token: words[1])
    case (_, "watch") where names == ["*"]: self = .watch([])
    case (_, "watch") where !names.isEmpty && !names.contains("*"): self = .watch(names)
    case (_, "unwatch") where names.isEmpty: self = .unwatch
    case (_, "listen") where names.isEmpty: self = .listen
    case (_, "unlisten") where names.isEmpty: self = .unlisten
    default: self = .plain(ChatCommand(typed: typed, token: token))
    }
  }
}
