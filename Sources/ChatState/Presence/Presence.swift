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

  /// What a node learns when its lease is renewed.
  package struct Renewal: Equatable, Sendable {
    /// Nodes whose lease has ended; they are in `nodes` too.
    package let ended: [NodeID]
    /// All nodes, until they have been removed.
    package let nodes: [NodeID]
    /// The number of this node's last report that Redis holds: a smaller one than it had confirmed means that Redis has
    /// lost what was written last.
    package let reported: Int
  }

  /// Renews a lease, or takes the first one with a description of the node; `.some(nil)` if this node was removed.
  package static func renew(
    _ node: NodeID, joiningAs description: [(String, String)]?, load: NodeLoad = .none
  ) -> RedisRequest<Renewal?> {
    // These numbers are there from the start: a node that has none is not there any more.
    let joining = description.map { $0 + [("announced", "0"), ("reported", "0")] } ?? []
    let fields = (joining + load.fields).flatMap { [RedisArgument.text($0.0), .text($0.1)] }
    return RedisRequest(
      RedisCommand(
        Scripts.nodeRenew, keys: [KeySpace.nodes, KeySpace.node(node)],
        [
          .text(node.description), .number(lease), .number(description == nil ? 0 : 1),
          .number(Int(WallClock.now().milliseconds)),
        ] + fields)
    ) { reply in
      if case .null = reply { return .some(nil) }
      guard let parts = reply.elements, parts.count == 3, let ended = ids(in: parts[0]), let nodes = ids(in: parts[1])
      else { return nil }
      return Renewal(ended: ended, nodes: nodes, reported: parts[2].integer ?? 0)
    }
  }

  /// All nodes, until they have been removed.
  package static let nodes = RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.nodes), "0", "-1")) { ids(in: $0) }

  private static func ids(in reply: RedisReply) -> [NodeID]? {
    reply.elements.map { $0.compactMap { $0.text.map { NodeID($0) } } }
  }

  /// Removes part of a node and answers how many users are left to remove; negative if its lease runs.
  package static func remove(_ node: NodeID, leaving: Bool) -> RedisRequest<Int> {
    RedisRequest(
      RedisCommand(
        Scripts.nodeRemove,
        keys: [KeySpace.nodes, KeySpace.node(node), KeySpace.nodeUsers(node), KeySpace.active],
        [
          .text(node.description), .number(removalBatch), .number(leaving ? 1 : 0), .text(KeySpace.presence),
        ])
    ) { $0.integer }
  }

  /// Sets how present users are on a node (`nil`: not there any more); `false` if this node was or is being removed. A node
  /// numbers its reports from 1.
  package static func set(
    _ users: [(AccountName, UserPresence?)], on node: NodeID, report number: Int
  ) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        Scripts.presenceSet,
        keys: [KeySpace.nodes, KeySpace.node(node), KeySpace.nodeUsers(node), KeySpace.active],
        [.text(node.description), .number(number)]
          + users.flatMap { [.text($0.description), .text($1.map { "\($0)" } ?? "-")] })
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Publishes a node's announcement and notes its version; `false` if this node was or is being removed. A version that
  /// was published before is not published again.
  package static func announce(
    _ changes: [PresenceAnnouncement.Change], version: Int, by node: NodeID
  ) -> RedisRequest<Bool> {
    let message = PresenceAnnouncement.changes(node, version: version, changes)
    return RedisRequest(
      RedisCommand(
        Scripts.presenceAnnounce, keys: [KeySpace.nodes, KeySpace.node(node)],
        [.text(node.description), .number(version), .text(KeySpace.presence), .text(message.description)])
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Tells a node that users who listen there have new messages; answers how many heard it.
  package static func announceMail(for users: some Sequence<AccountName>, on node: NodeID) -> RedisRequest<Int> {
    let payload = NodeMessage.mailPayload(for: users)
    return RedisRequest(RedisCommand("PUBLISH", .text(KeySpace.nodeChannel(node)), .text(payload))) { $0.integer }
  }

  /// The number of a node's last announcement, 0 before the first; `.some(nil)` if there is no such node.
  package static func version(of node: NodeID) -> RedisRequest<Int?> {
    RedisRequest(RedisCommand("HGET", .text(KeySpace.node(node)), "announced")) { reply in
      if case .null = reply { return .some(nil) }
      return reply.integer
    }
  }

  /// Who is on a node. Asked for after the version, it holds at least what was announced up to that version.
  package static func users(of node: NodeID) -> RedisRequest<[AccountName: PresenceState]> {
    RedisRequest(RedisCommand("HGETALL", .text(KeySpace.nodeUsers(node)))) { reply in
      guard let fields = reply.elements else { return nil }
      var users: [AccountName: PresenceState] = [:]
      users.reserveCapacity(fields.count / 2)
      for index in stride(from: 0, to: fields.count - 1, by: 2) {
        guard let user = fields[index].text.flatMap({ AccountName($0) }), let entry = fields[index + 1].text
        else { continue }
        users[user] = PresenceState(entry: entry)
      }
      return users
    }
  }
}
