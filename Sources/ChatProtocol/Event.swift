// What a node says to a listening connection without being asked, and how it stands on the wire.
// Never has a key `status`: by that a client tells a reply from an event.
// Pure value; any thread.

/// An event: one JSON object on one line with the key `event`, ended by CRLF CRLF, between the replies.
package enum Event: Sendable {
  /// A message with its sequence number; one that was shown before and not confirmed is marked.
  case message(MessageRecord, sequence: Int, isRedelivered: Bool)
  /// A watched user became active or inactive. `at`: when this node learned of it, RFC 3339.
  case presence(AccountName, isActive: Bool, at: String)
  /// So much changed at once that only the number of active users is told.
  case presenceSummary(active: Int)
  /// The session was ended from elsewhere (or its account is gone): no more events, and `resume` won't work.
  case sessionEnded
  /// The node stops: the connection ends soon after this many milliseconds. Another node resumes the session by then.
  case drain(reconnectAfter: Int)
  /// The connection ends behind this.
  case closing(Closing)

  /// Why the node ends a connection by itself.
  package enum Closing: String, Sendable {
    /// It did not read its replies.
    case slowConsumer = "slow_consumer"
    /// It asked nothing for too long; `ping` keeps a connection open.
    case idleTimeout = "idle_timeout"
    /// A line was begun and not ended in time.
    case lineTimeout = "line_timeout"
  }

  /// Appends the event with its line ends.
  package func encode(into bytes: inout [UInt8]) {
    switch self {
    case .message(let record, let sequence, let isRedelivered):
      bytes.appendJSON("{\"event\":\"message\",\"seq\":")
      bytes.appendJSON(sequence)
      bytes.appendJSON(",\"id\":")
      bytes.appendJSON(record.id)
      bytes.appendJSON(",\"from\":")
      bytes.appendJSON(record.from)
      bytes.appendJSON(",\"msg_from\":")
      bytes.appendJSON(record.displayFrom)
      bytes.appendJSON(",\"msg\":")
      bytes.appendJSON(record.text)
      bytes.appendJSON(",\"at\":")
      bytes.appendJSON(record.at)
      if isRedelivered { bytes.appendJSON(",\"redelivered\":true") }
    case .presence(let user, let isActive, let at):
      bytes.appendJSON("{\"event\":\"presence\",\"user\":")
      bytes.appendJSON(user)
      bytes.appendJSON(isActive ? ",\"active\":true,\"at\":" : ",\"active\":false,\"at\":")
      bytes.appendJSON(plain: at)
    case .presenceSummary(let count):
      bytes.appendJSON("{\"event\":\"presence_summary\",\"active\":")
      bytes.appendJSON(count)
    case .sessionEnded: bytes.appendJSON("{\"event\":\"session_ended\"")
    case .drain(let milliseconds):
      bytes.appendJSON("{\"event\":\"drain\",\"reconnect_after_ms\":")
      bytes.appendJSON(milliseconds)
    case .closing(let reason):
      bytes.appendJSON("{\"event\":\"closing\",\"code\":")
      bytes.appendJSON(plain: reason.rawValue)
    }
    bytes.appendJSON("}\r\n\r\n")
  }
}
