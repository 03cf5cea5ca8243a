// The names of everything that a node bounds, as metrics and logs have them.
// Never renamed once published: dashboards and alerts know them.
// Pure value; any thread.

/// Why a node refused a request or ended a connection by itself: `kabar_limit_refusals_total{limit="…"}`.
package enum Limit: String, CaseIterable, Sendable {
  /// The node holds as many connections as it may.
  case connections
  /// The node holds as many connections of this address as it may.
  case connectionsPerAddress = "connections_per_address"
  /// The connection did not log in in time, or its TLS handshake or PROXY header did not come.
  case loginTime = "login_time"
  /// The connection of a trusted proxy did not begin with a PROXY header that can be read.
  case proxyHeader = "proxy_header"
  /// The connection said nothing for too long.
  case idleTime = "idle_time"
  /// A line was begun and not ended in time.
  case lineTime = "line_time"
  /// A line had no end within its bound.
  case lineLength = "line_length"
  /// The event loop, or Redis, had more to do than it could, and new work was refused.
  case overload
  /// More commands came than a session may send.
  case commandRate = "command_rate"
  /// More commands came than all sessions of a user together may send.
  case userCommandRate = "user_command_rate"
  /// A user had more sessions than she may.
  case sessionsPerUser = "sessions_per_user"
  /// Too many wrong passwords came from an address.
  case guesses
  /// As many password hashes wait as may.
  case passwordQueue = "password_queue"
  /// The recipient's inbox was full.
  case inbox
  /// A listening client read nothing while its own requests waited.
  case outbox
}
