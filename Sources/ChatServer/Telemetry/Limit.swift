// The bounds that a client can run into, by the names that operators see.
// Never the bound itself: each is a setting of ServerConfiguration.
// Pure value; any thread.

/// What a client is refused by: `kabar_limit_refusals_total{limit="…"}`.
package enum Limit: String, CaseIterable, Sendable {
  /// Connections to this node.
  case connections
  /// Connections from one address.
  case connectionsPerAddress = "connections_per_address"
  /// Time until a connection has logged in.
  case loginTime = "login_time"
  /// Time without a command.
  case idleTime = "idle_time"
  /// Time until a line is whole.
  case lineTime = "line_time"
  /// Commands per second.
  case rate
  /// Sessions of a user: the oldest has ended for a new one.
  case sessionsPerUser = "sessions_per_user"
  /// Wrong passwords from an address.
  case guesses
  /// Messages or bytes in an inbox.
  case inbox
  /// What a client did not read: a slow consumer was closed.
  case outbox
  /// Logins that wait for a hash.
  case passwordQueue = "password_queue"
}
