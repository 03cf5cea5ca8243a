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
  /// What is carried out as in a pipe.
  case plain(ChatCommand)

  /// Reads a typed line; see ``ChatCommand``.
  package init(typed: String, token: String?) {
    let command = ChatCommand(typed: typed, token: token)
    let words = typed.split(maxSplits: 2, whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    let names = typed.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().map(String.init)
    switch (command, words.first?.lowercased()) {
    case (.request(_, .auth), _) where words.count == 3: self = .login(user: words[1], password: words[2])
    // With a token of somebody's own it is that session's business.
    case (.request(_, .send(let user)), _) where words.count == 3 && words[1] == user:
      self = .send(to: user, text: String(words[2].drop { $0 == " " || $0 == "\t" }))
    case (.request(let line, .inbox), _) where words.count == 1: self = .inbox(line: line)
    case (.request(_, .logout), _) where words.count == 1: self = .logout
    case (_, "resume") where words.count == 2: self = .resume(token: words[1])
    case (_, "watch") where names == ["*"]: self = .watch([])
    case (_, "watch") where !names.isEmpty && !names.contains("*"): self = .watch(names)
    case (_, "unwatch") where names.isEmpty: self = .unwatch
    default: self = .plain(command)
    }
  }
}
