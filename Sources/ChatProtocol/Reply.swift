// What a node answers, one case for each shape of reply, and how it stands on the wire.
// Never changes a key that the clients of the course protocol read: status, tokenid, message, messages.
// Pure value; any thread.

/// A reply: one JSON object on one line, ended by CRLF CRLF.
package enum Reply: Sendable {
  /// To `auth`.
  case loggedIn(SessionToken)
  /// To `send`: the message's id; a duplicate was stored by an earlier request with the same tag.
  case sent(id: String, isDuplicate: Bool)
  /// To `ack`: how many messages of the inbox were ever confirmed.
  case confirmed(Int)
  /// To `inbox`.
  case inbox(InboxPage)
  /// To `user_aktif`: the active users, in the order in which they are shown.
  case activeUsers([String])
  /// To `logout`.
  case loggedOut
  /// To `ping`.
  case pong
  /// To `help`.
  case help
  /// To `quit`; the connection closes behind it.
  case bye
  /// To anything that failed.
  case refused(Refusal)

  /// Appends the reply with its line ends.
  package func encode(into bytes: inout [UInt8]) {
    switch self {
    case .loggedIn(let token):
      bytes.appendJSON("{\"status\":\"OK\",\"tokenid\":")
      bytes.appendJSON(plain: token.text)
    case .sent(let id, let isDuplicate):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"Message Sent\",\"id\":")
      bytes.appendJSON(plain: id)
      if isDuplicate { bytes.appendJSON(",\"duplicate\":true") }
    case .confirmed(let count):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"confirmed\",\"seq\":")
      bytes.appendJSON(count)
    case .inbox(let page):
      bytes.appendJSON("{\"status\":\"OK\",\"messages\":")
      page.encode(into: &bytes)
    case .activeUsers(let names): Self.encode(activeUsers: names, into: &bytes)
    case .loggedOut:
      bytes.appendJSON("{\"status\":\"OK\",\"messages\":\"logout success\",\"message\":\"logout success\"")
    case .pong: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"pong\"")
    case .bye: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"bye\"")
    case .help: Self.encodeHelp(into: &bytes)
    case .refused(let refusal):
      bytes.appendJSON("{\"status\":\"ERROR\",\"message\":")
      bytes.appendJSON(string: refusal.message)
      bytes.appendJSON(",\"code\":")
      bytes.appendJSON(plain: refusal.code.rawValue)
      if let milliseconds = refusal.retryAfter {
        bytes.appendJSON(",\"retry_after_ms\":")
        bytes.appendJSON(milliseconds)
      }
    }
    bytes.appendJSON("}\r\n\r\n")
  }

  /// `message` is what the clients of the course print: every name followed by a comma and a space.
  private static func encode(activeUsers names: [String], into bytes: inout [UInt8]) {
    var line = ""
    for name in names { line += name + ", " }
    bytes.appendJSON("{\"status\":\"OK\",\"message\":")
    bytes.appendJSON(string: line)
    bytes.appendJSON(",\"users\":")
    bytes.appendJSON(strings: names)
    bytes.appendJSON(",\"count\":")
    bytes.appendJSON(names.count)
  }

  private static func encodeHelp(into bytes: inout [UInt8]) {
    let usages = CommandWord.allCases.map(\.usage)
    bytes.appendJSON("{\"status\":\"OK\",\"message\":")
    bytes.appendJSON(string: usages.joined(separator: "; "))
    bytes.appendJSON(",\"commands\":")
    bytes.appendJSON(strings: usages)
  }
}

extension [UInt8] {
  fileprivate mutating func appendJSON(strings: [String]) {
    append(UInt8(ascii: "["))
    for (index, string) in strings.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      appendJSON(string: string)
    }
    append(UInt8(ascii: "]"))
  }
}
