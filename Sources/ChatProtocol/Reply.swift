// What a node answers, one case for each shape of reply, and how it stands on the wire.
// Never changes a key that the clients of the course protocol read: status, tokenid, message, messages.
// Pure value; any thread.

/// A reply: one JSON object on one line, ended by CRLF CRLF.
package enum Reply: Sendable {
  /// To `auth`.
  case loggedIn(SessionToken)
  /// To `passwd`.
  case passwordChanged
  /// To `send`: stored under this id.
  case sent(MessageID)
  /// To `send` with a tag that was used before: what was stored then has this id.
  case sentBefore(id: String)
  /// To `ack`: how many messages of the inbox were ever confirmed.
  case confirmed(Int)
  /// To `inbox`.
  case inbox(InboxPage)
  /// To `user_aktif`.
  case activeUsers(ActiveUsers)
  /// To `block`.
  case blocked
  /// To `unblock`.
  case unblocked
  /// To `blocks`: account names in alphabetical order.
  case blocks([String])
  /// To `logout`.
  case loggedOut
  /// To `resume`: whose session it is, account and display name.
  case resumed(AccountName, display: JSONString)
  /// To `listen`; events follow.
  case listening
  /// To `unlisten`; no event follows.
  case notListening
  /// To `watch`: who of the watched is active now.
  case watching(ActiveUsers)
  /// To `unwatch`.
  case unwatched
  /// To `ping`.
  case pong
  /// To `help`.
  case help
  /// To `quit`; the connection closes behind it.
  case bye
  /// To anything that failed.
  case refused(Refusal)

  /// Why it was refused; `nil` for an OK.
  package var refusal: Refusal.Code? { if case .refused(let refusal) = self { refusal.code } else { nil } }

  /// Appends the reply with its line ends.
  package func encode(into bytes: inout [UInt8]) {
    switch self {
    case .loggedIn(let token):
      bytes.appendJSON("{\"status\":\"OK\",\"tokenid\":")
      bytes.appendJSON(plain: token.text)
    case .passwordChanged: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"password changed\"")
    case .sent(let id):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"Message Sent\",\"id\":")
      bytes.appendJSON(id)
    case .sentBefore(let id):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"Message Sent\",\"id\":")
      bytes.appendJSON(plain: id)
      bytes.appendJSON(",\"duplicate\":true")
    case .confirmed(let count):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"confirmed\",\"seq\":")
      bytes.appendJSON(count)
    case .inbox(let page):
      bytes.appendJSON("{\"status\":\"OK\",\"messages\":")
      page.encode(into: &bytes)
    case .activeUsers(let active):
      // What the clients of the course print: every name followed by a comma and a space.
      bytes.appendJSON("{\"status\":\"OK\",\"message\":")
      bytes.appendJSON(string: active.names.map { $0 + ", " }.joined())
      active.encode(into: &bytes)
    case .blocked: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"blocked\"")
    case .unblocked: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"unblocked\"")
    case .blocks(let names):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":")
      bytes.appendJSON(string: names.isEmpty ? "nobody" : names.joined(separator: ", "))
      bytes.appendJSON(",\"users\":")
      bytes.appendJSON(strings: names)
      bytes.appendJSON(",\"count\":")
      bytes.appendJSON(names.count)
    case .watching(let active):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"watching\"")
      active.encode(into: &bytes)
    case .unwatched: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"unwatched\"")
    case .resumed(let user, let display):
      bytes.appendJSON("{\"status\":\"OK\",\"message\":\"resumed\",\"user\":")
      bytes.appendJSON(user)
      bytes.appendJSON(",\"name\":")
      bytes.appendJSON(display)
    case .listening: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"listening\"")
    case .notListening: bytes.appendJSON("{\"status\":\"OK\",\"message\":\"not listening\"")
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

  private static func encodeHelp(into bytes: inout [UInt8]) {
    let usages = CommandWord.allCases.map(\.usage)
    bytes.appendJSON("{\"status\":\"OK\",\"message\":")
    bytes.appendJSON(string: usages.joined(separator: "; "))
    bytes.appendJSON(",\"commands\":")
    bytes.appendJSON(strings: usages)
  }
}
