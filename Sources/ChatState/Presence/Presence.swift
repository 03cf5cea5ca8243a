// Who is active, and which nodes live: requests about leases and active-user sets.
// Never counts up or down where a repeated request would count twice: counts are absolute.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// Requests about nodes and their users.
package enum Presence {
  /// How long a node counts as living after its last sign of life, in milliseconds.
  package static let lease = 6000
  /// Users per call when a node is removed: bounds how long one script holds Redis.
  static let removalBatch = 500

  /// Renews a lease, or takes the first one with a description of the node, and answers the nodes whose lease has ended;
  /// `.some(nil)` if this node was removed.
  package static func renew(_ node: NodeID, joiningAs description: [(String, String)]?) -> RedisRequest<[NodeID]?> {
    let fields = (description ?? []).flatMap { [RedisArgument.text($0.0), .text($0.1)] }
    return RedisRequest(
      RedisCommand(
        Scripts.nodeRenew, keys: [KeySpace.nodes, KeySpace.node(node)],
        [.text(node.description), .number(lease)] + fields)
    ) { reply in
      if case .null = reply { return .some(nil) }
      return reply.elements?.compactMap { $0.text.map { NodeID($0) } }
    }
  }

  /// Removes part of a node and answers how many users are left to remove; negative if its lease runs.
  package static func remove(_ node: NodeID, leaving: Bool) -> RedisRequest<Int> {
    RedisRequest(
      RedisCommand(
        Scripts.nodeRemove,
        keys: [KeySpace.nodes, KeySpace.node(node), KeySpace.nodeUsers(node), KeySpace.active],
        [.text(node.description), .number(removalBatch), .number(leaving ? 1 : 0)])
    ) { $0.integer }
  }

  /// Sets the connections of users on a node; `false` if this node was or is being removed.
  package static func set(_ connections: [(AccountName, Int)], on node: NodeID) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        Scripts.presenceSet, keys: [KeySpace.nodes, KeySpace.nodeUsers(node), KeySpace.active],
        [.text(node.description)] + connections.flatMap { [.text($0.description), .number($1)] })
    ) { $0.integer.map { $0 == 1 } }
  }

  /// The names of all active users, in alphabetical order.
  package static let activeNames = RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.active), "0", "-1")) {
    $0.elements?.compactMap(\.text).sorted()
  }
}
