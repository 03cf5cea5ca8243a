// Owns: what the parser made of a line, in one word or line of text that a table can hold.
// Must never: hide a difference between two commands.
// Runs on: any thread.
import ChatProtocol

/// `ignored`, the command with its arguments (`-` for no token, texts in `<>`), or the code of the refusal.
func outcome(of line: some Sequence<UInt8>) -> String {
  do throws(Refusal) {
    switch try CommandParser.parse(Array(line)) {
    case nil: return "ignored"
    case .auth(let name, let password): return "auth \(name) <\(password)>"
    case .passwd(let old, let new): return "passwd <\(old)> <\(new)>"
    case .send(let token, let name, let text, let tag):
      return (tag.map { "@\($0) " } ?? "")
        + "send \(token?.text ?? "-") \(name) <\(String(decoding: text.utf8, as: UTF8.self))>"
    case .ack(let token, let sequence, let id): return "ack \(token?.text ?? "-") \(sequence) \(id ?? "-")"
    case .inbox(let token): return "inbox \(token?.text ?? "-")"
    case .activeUsers(let token): return "user_aktif \(token?.text ?? "-")"
    case .block(let token, let name): return "block \(token?.text ?? "-") \(name)"
    case .unblock(let token, let name): return "unblock \(token?.text ?? "-") \(name)"
    case .blocks(let token): return "blocks \(token?.text ?? "-")"
    case .logout(let token): return "logout \(token?.text ?? "-")"
    case .resume(let token): return "resume \(token.text)"
    case .listen(let token): return "listen \(token?.text ?? "-")"
    case .unlisten: return "unlisten"
    case .watch(let watched): return "watch \(names(watched))"
    case .unwatch(let watched): return "unwatch \(names(watched))"
    case .ping: return "ping"
    case .help: return "help"
    case .quit: return "quit"
    }
  } catch {
    return error.code.rawValue
  }
}

private func names(_ watched: Watched) -> String {
  switch watched {
  case .everyone: "everyone"
  case .users(let names): names.map(\.description).joined(separator: ",")
  }
}

/// The same for text.
func outcome(of line: String) -> String { outcome(of: line.utf8) }
