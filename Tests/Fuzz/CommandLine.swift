// Owns: the writing of a command as a client would write it: the parser's inverse.
// Must never: use a part of the parser.
// Runs on: any thread; a value.
import ChatProtocol

/// The request line of a command, without its line end.
struct CommandLine {
  let bytes: [UInt8]

  init(_ command: Command) {
    var words: [String]
    var text: [UInt8] = []
    switch command {
    case .auth(let name, let password): words = ["auth", name.description, password]
    case .passwd(let old, let new): words = ["passwd", Self.quoted(old), Self.quoted(new)]
    case .send(let token, let name, let message, let tag):
      words = (tag.map { ["@id=\($0)"] } ?? []) + ["send"] + Self.word(token) + [name.description]
      text = [32] + message.utf8
    case .inbox(let token): words = ["inbox"] + Self.word(token)
    case .ack(let token, let sequence, let id):
      words = ["ack"] + Self.word(token) + ["\(sequence)"] + (id.map { [$0] } ?? [])
    case .block(let token, let name): words = ["block"] + Self.word(token) + [name.description]
    case .unblock(let token, let name): words = ["unblock"] + Self.word(token) + [name.description]
    case .blocks(let token): words = ["blocks"] + Self.word(token)
    case .activeUsers(let token): words = ["user_aktif"] + Self.word(token)
    case .logout(let token): words = ["logout"] + Self.word(token)
    case .resume(let token): words = ["resume", token.text]
    case .listen(let token): words = ["listen"] + Self.word(token)
    case .unlisten: words = ["unlisten"]
    case .watch(let watched): words = ["watch"] + Self.names(watched)
    case .unwatch(let watched): words = ["unwatch"] + Self.names(watched)
    case .ping: words = ["ping"]
    case .help: words = ["help"]
    case .quit: words = ["quit"]
    }
    bytes = Array(words.joined(separator: " ").utf8) + text
  }

  private static func word(_ token: SessionToken?) -> [String] { token.map { [$0.text] } ?? [] }

  private static func names(_ watched: Watched) -> [String] {
    switch watched {
    case .everyone: ["*"]
    case .users(let names): names.map(\.description)
    }
  }

  private static func quoted(_ password: String) -> String {
    var text = "\""
    for scalar in password.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { text += "\\" }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }
}
