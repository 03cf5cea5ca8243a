// How present a user is on one node, and in which form Redis and the other nodes are told.
// Never says anything about other nodes.
// Pure values; any thread.

/// A user's connections on one node. It stands in `kabar:node:ID:users` as `2/1`; `0/0` is a user in her grace.
package struct UserPresence: Equatable, Sendable, CustomStringConvertible {
  /// Connections that are bound to a session of hers; 0 for the grace after the last of them.
  package let connections: Int
  /// How many of them listen.
  package let listeners: Int

  /// Both counts are 0 or more.
  package init(connections: Int, listeners: Int) { (self.connections, self.listeners) = (connections, listeners) }

  /// `CONNECTIONS/LISTENING`
  package var description: String { "\(connections)/\(listeners)" }

  /// What the other nodes are told of it.
  package var state: PresenceState { listeners > 0 ? .listening : .active }
}

/// What another node needs to know about a user who is on a node.
package enum PresenceState: Character, Sendable {
  /// She counts as active there.
  case active = "+"
  /// She is active there and a connection of hers listens: messages for her are a reason to wake that node.
  case listening = "*"

  /// Reads an entry of `kabar:node:ID:users`. What has no second count is active at least.
  init(entry: String) {
    let listeners = entry.split(separator: "/").dropFirst().first
    self = listeners.map { $0 != "0" } == true ? .listening : .active
  }
}
