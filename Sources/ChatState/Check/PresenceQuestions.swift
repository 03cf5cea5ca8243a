// The invariants around presence: what nodes leave behind, and the active set as the union of their users.
// Never judges a node whose lease has ended: its peers remove it.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

enum PresenceQuestions {
  /// A node's hash, or that of its users.
  static func node(_ id: NodeID, _ shape: KeyShape) -> Question {
    Question([
      RedisCommand("ZSCORE", .text(KeySpace.nodes), .text(id.description)),
      RedisCommand("EXISTS", .text(shape.key)),
    ]) { replies in
      guard replies[0] == .null, replies[1].integer == 1 else { return .fine }
      let text = "\(shape.key) belongs to a node that is not in the set of nodes"
      return .found([
        Violation(
          .nodeForgotten, text, show: "ZSCORE", KeySpace.nodes, id.description, repair: .forgetNode(id))
      ])
    }
  }

  /// A user's place in the active set: her score is the number of nodes that hold her.
  static func user(_ user: [UInt8], in moment: CheckMoment) -> Question {
    Question([recount(user, mending: false, in: moment)]) { replies in
      guard let facts = replies[0].elements else { return .fine }  // one of the keys has the wrong type
      guard facts.count == 2, let nodes = facts[1].integer else { return .outdated }
      let score = facts[0].text ?? "0"
      guard score != String(nodes) else { return .fine }
      // What is no account name may hold anything: the line that shows it quotes it.
      let name = AccountName(String(decoding: user, as: UTF8.self))?.description ?? "somebody"
      let count = nodes == 1 ? "1 node" : "\(nodes) nodes"
      let text =
        facts[0] == .null
        ? "\(name) is connected to \(count), but missing in the active set"
        : "\(name) is in the active set with the score \(score), but connected to \(count)"
      let show = [Array("ZSCORE".utf8), Array(KeySpace.active.utf8), user]
      return .found([Violation(.activeMiscounted, text, show: show, repair: .recountActive(user))])
    }
  }

  /// The script that compares, and with `mending` sets.
  static func recount(_ user: [UInt8], mending: Bool, in moment: CheckMoment) -> RedisCommand {
    let nodes = moment.nodes ?? []
    return RedisCommand(
      Scripts.activeRecount, keys: [KeySpace.nodes, KeySpace.active] + nodes.map(KeySpace.nodeUsers),
      [.bytes(user), .number(mending ? 1 : 0)] + nodes.map { .text($0.description) })
  }
}
