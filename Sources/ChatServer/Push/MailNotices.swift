// Who has got mail during this turn of the event loop, by the nodes that must hear of it.
// Never holds a message: a notice is a hint, the inbox is the truth.
// Pure value; on its event loop.

import ChatProtocol
import ChatState

/// Notices that leave together when the turn ends, one for each node.
struct MailNotices {
  private var users: [NodeID: Set<AccountName>] = [:]

  var isEmpty: Bool { users.isEmpty }

  /// A message for the user is stored or goes there before the notice, who listens on the node.
  mutating func note(_ user: AccountName, on node: NodeID) { users[node, default: []].insert(user) }

  /// All notices so far.
  mutating func take() -> [NodeID: Set<AccountName>] {
    defer { users = [:] }
    return users
  }
}
