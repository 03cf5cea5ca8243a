// What one client may take of a node.
// Never a bound that keeps the node itself alive (queues, outboxes, lines): those can't be switched off.
// Pure value; any thread.

import NIOCore

/// The limits of clients, each `nil` where there is none.
package struct ClientLimits: Sendable {
  /// Connections that this node holds at once; more are refused. Never without a bound: each takes a descriptor.
  package var connections = 10_000
  /// Connections from one address (IPv6: from one /64) that this node holds at once.
  package var connectionsPerAddress: Int? = 500
  /// How long a TLS handshake or a PROXY header may take, and a login while the node is crowded.
  package var loginTime: TimeAmount? = .seconds(10)
  /// Connections without a session beyond which the node is crowded. A person who types at a terminal is slow; a few
  /// silent connections cost nothing, thousands do.
  package var crowd = 64
  /// How long a connection may send nothing.
  package var idleTime: TimeAmount? = .minutes(10)
  /// How long a line may take from its first byte to its end.
  package var lineTime: TimeAmount? = .seconds(30)
  /// How many commands a session may send.
  package var commandRate: CommandRate? = CommandRate(burst: 200, perSecond: 50)
  /// How many commands all sessions of a user may send together to this node.
  package var userCommandRate: CommandRate? = CommandRate(burst: 800, perSecond: 200)

  package init() {}

  /// Lifts what holds for each client; the node's own bound stays.
  package mutating func switchOff() {
    (connectionsPerAddress, commandRate, userCommandRate) = (nil, nil, nil)
    (loginTime, idleTime, lineTime) = (nil, nil, nil)
  }
}
