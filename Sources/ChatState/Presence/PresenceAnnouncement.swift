// What nodes tell each other on the channel `presence`.
// Never says what Redis does not hold already: whoever misses an announcement reads the same from there.
// Pure values; any thread.

import ChatProtocol

/// One message on the channel, as in `n1-3f9a2c61 7 +arini *messi -lineker` or `n1-3f9a2c61 gone`.
package enum PresenceAnnouncement: Equatable, Sendable, CustomStringConvertible {
  /// What has changed on a node. Versions count from 1 in each incarnation, without a gap.
  case changes(NodeID, version: Int, [Change])
  /// The node has left, or was removed by its peers; nobody is on it any more.
  case gone(NodeID)

  /// A user's new state on the node.
  package struct Change: Equatable, Sendable {
    package let user: AccountName
    /// `nil`: she is not there any more.
    package let state: PresenceState?

    package init(_ user: AccountName, _ state: PresenceState?) { (self.user, self.state) = (user, state) }
  }

  /// Changes per message: bounds what one message costs Redis and its readers.
  package static let maximumChanges = 500

  /// The text on the channel.
  package var description: String {
    switch self {
    case .gone(let node): return "\(node) gone"
    case .changes(let node, let version, let changes):
      var text = "\(node) \(version)"
      for change in changes {
        text.append(" ")
        text.append(change.state?.rawValue ?? "-")
        text.append(change.user.description)
      }
      return text
    }
  }

  /// Reads a message; `nil` for one that this version does not know. A change that it does not know makes the whole message
  /// unknown: the gap that it leaves makes the node's readers look into Redis.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count >= 2 else { return nil }
    let node = NodeID(String(words[0]))
    if words[1] == "gone", words.count == 2 {
      self = .gone(node)
      return
    }
    guard let version = Int(words[1]), version > 0 else { return nil }
    var changes: [Change] = []
    changes.reserveCapacity(words.count - 2)
    for word in words.dropFirst(2) {
      guard let sign = word.first, let user = AccountName(String(word.dropFirst())) else { return nil }
      let state = PresenceState(rawValue: sign)
      guard state != nil || sign == "-" else { return nil }
      changes.append(Change(user, state))
    }
    self = .changes(node, version: version, changes)
  }
}
