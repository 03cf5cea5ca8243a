// Owns: one connection of the several that a ChatClient has in its life.
// Must never: know what the session is; the client says so.
// Runs on: a value; any thread.

/// A connection in use.
struct ChatLink: Sendable {
  /// Which connection of its client this is.
  let number: Int
  var connection: ChatConnection
  /// Answered with true when an event says that this connection is of no more use.
  let isUseless: Pending<Bool>
  /// Answered with the time after which another connection shall take its place.
  let drain: Pending<Duration?>
}
