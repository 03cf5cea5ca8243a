// Owns: what `kabar chat` prints for a command and its reply, and the one thing that it remembers: the token.
// Must never: print; or let a character through with which a message could drive the terminal.
// Runs on: a value; belongs to the session's task.
import ChatClient

/// One printed line, without its line end.
package enum ChatLine: Equatable, Sendable {
  case output(String)
  /// Goes to standard error.
  case error(String)
}

/// Maps commands and their replies to printed lines.
package struct ChatTranscript {
  /// The token of the session that this client has logged in to; nil before, and after a logout.
  package private(set) var token: String?

  package init() {}

  /// What a typed line means in this session.
  package func command(typed: String) -> ChatCommand {
    ChatCommand(typed: typed, token: token)
  }

  /// The lines that answer a request. They hold an error exactly if the request failed.
  package mutating func lines(for topic: ChatCommand.Topic, reply: ChatReply) -> [ChatLine] {
    do throws(ChatClientError) {
      return try answered(topic, reply.accepted())
    } catch {
      return [Self.line(for: error)]
    }
  }

  /// The line that says what went wrong: `error: MESSAGE (CODE)`.
  package static func line(for error: ChatClientError) -> ChatLine {
    let code: String? =
      switch error {
      case .refused(let code, _, _): code
      case .notSent: "not_sent"
      case .couldNotConnect: "could_not_connect"
      case .connectionClosed: "connection_closed"
      case .timedOut: "timed_out"
      case .malformedReply: "malformed_reply"
      case .unsupported: "unsupported"
      case .cancelled: "cancelled"
      }
    return .error(safe("error: \(error)" + (code.map { " (\($0))" } ?? "")))
  }

  /// What a person at a terminal sees first who has not named a user.
  package static func welcome(host: String, port: Int) -> ChatLine {
    .output(safe("connected to \(host) port \(port); log in: auth USER PASSWORD; for the commands: help"))
  }

  /// What `help` prints.
  package static let help: [ChatLine] = """
    auth USER PASSWORD   log in
    send USER TEXT       send a message to a user
    inbox                show the messages that wait, and take them
    user_aktif           show who is active
    block USER           refuse the messages of a user (unblock USER, blocks)
    logout               end the session
    ping                 ask the server for a sign of life
    help                 show this list
    quit                 leave (exit does the same)
    """.split(separator: "\n").map { .output(String($0)) }

  /// A session has begun.
  package mutating func loggedIn(_ user: String, token newToken: String) -> ChatLine {
    token = newToken
    return .output(Self.safe("username \(user) logged in, token: \(newToken)"))
  }

  /// A session goes on here.
  package mutating func resumed(token newToken: String) -> ChatLine {
    token = newToken
    return .output("resumed")
  }

  /// The session was ended.
  package mutating func loggedOut() -> ChatLine {
    token = nil
    return .output("logout success")
  }

  /// The session was ended elsewhere.
  package mutating func sessionEnded() { token = nil }

  /// A message was stored.
  package static func sent(to user: String) -> ChatLine {
    .output(safe("message send to \(user)"))
  }

  private mutating func answered(
    _ topic: ChatCommand.Topic, _ reply: ChatReply
  ) throws(ChatClientError) -> [ChatLine] {
    switch topic {
    case .auth(let user):
      guard let newToken = reply.tokenid else { throw .malformedReply(reason: "\"tokenid\" is missing") }
      return [loggedIn(user, token: newToken)]
    case .send(let user):
      return [Self.sent(to: user)]
    case .inbox:
      guard case .inbox(let messages) = reply.messages else {
        throw .malformedReply(reason: "\"messages\" is not an inbox")
      }
      let more = ChatLine.output("more messages wait: type inbox again")
      return Self.lines(inbox: messages) + (reply.more == true ? [more] : [])
    case .activeUsers:
      return [.output(Self.safe("user aktif: \(try Self.names(reply))"))]
    case .logout:
      return [loggedOut()]
    case .other:
      return [.output(Self.safe(reply.message ?? reply.status))]
    }
  }

  private static func lines(inbox: [String: [ChatMessage]]) -> [ChatLine] {
    // Who wrote first comes first; by name on servers that don't number messages.
    let bySender = inbox.sorted { first, second in
      (first.value.first?.seq ?? 0, first.key) < (second.value.first?.seq ?? 0, second.key)
    }
    let lines = bySender.flatMap(\.value).map { message in
      ChatLine.output(safe("\(message.from) -> \(message.to): \(message.text)"))
    }
    return lines.isEmpty ? [.output("the inbox is empty")] : lines
  }

  private static func names(_ reply: ChatReply) throws(ChatClientError) -> String {
    guard let users = reply.users else {
      // Servers of the older kind send the names in the text alone.
      guard let text = reply.message else { throw .malformedReply(reason: "\"users\" is missing") }
      return text
    }
    return names(users, count: reply.count ?? users.count)
  }

  /// Names, and how many there are beyond them.
  static func names(_ names: [String], count: Int) -> String {
    let list = names.joined(separator: ", ")
    return count > names.count ? "\(list) and \(count - names.count) more" : list
  }

  /// The text with every character escaped that isn't printed but acts: control characters (C0, DEL, C1), line
  /// separators, and the marks that turn the direction of writing, with which a text could pass for another.
  package static func safe(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": safe += "\\n"
      case "\r": safe += "\\r"
      case "\t": safe += "\\t"
      case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}"..."\u{2029}",
        "\u{061C}", "\u{200E}"..."\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
        safe += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }
}
