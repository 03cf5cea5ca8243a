// Owns: what the generator must know of a server under load.
// Must never: know how the server was started.
// Runs on: any thread (a value).
import NIOCore

/// A cluster of Kabar, or a bare Redis.
package struct LoadServer: Sendable {
  /// Its language.
  package let wire: Wire
  /// Whether that is spoken in a WebSocket.
  package let isWebSocket: Bool
  /// Where to connect, in turn; not empty.
  package let addresses: [SocketAddress]
  /// How many nodes there are, wherever; 0 for a bare Redis.
  package let nodeCount: Int
  /// The node processes, if they run on this machine; empty for a bare Redis.
  package let nodes: [Int32]
  /// The Redis process, if it runs on this machine.
  package let redis: Int32?

  package init(
    wire: Wire, isWebSocket: Bool = false, addresses: [SocketAddress], nodeCount: Int, nodes: [Int32], redis: Int32?
  ) {
    (self.wire, self.isWebSocket) = (wire, isWebSocket)
    (self.addresses, self.nodeCount) = (addresses, nodeCount)
    (self.nodes, self.redis) = (nodes, redis)
  }

  /// Whose processor time and memory are the server's.
  var processes: [Int32] { nodes + (redis.map { [$0] } ?? []) }
}
