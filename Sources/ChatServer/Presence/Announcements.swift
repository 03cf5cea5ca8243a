// What Redis knows of this node's users and the other nodes have not been told.
// Never announces what Redis has not confirmed, nor what the others know.
// Pure value; on the event loop of its `PresenceReporter`.

import ChatProtocol
import ChatState

/// The announcements of one incarnation of this node.
struct Announcements {
  /// What the other nodes know; who is not here is not in it.
  private var told: [AccountName: PresenceState] = [:]
  private var untold: [AccountName: PresenceState?] = [:]
  private var version = 0

  var isEmpty: Bool { untold.isEmpty }

  /// Redis knows this about a user now.
  mutating func confirmed(_ user: AccountName, _ state: PresenceState?) {
    untold[user] = told[user] == state ? nil : .some(state)
  }

  /// All that is to be told, with consecutive versions. It must be published in this order, each until that has worked.
  mutating func takeBatch() -> [(version: Int, changes: [PresenceAnnouncement.Change])] {
    var rest = untold.map { PresenceAnnouncement.Change($0.key, $0.value) }[...]
    for change in rest { told[change.user] = change.state }
    untold = [:]
    var batch: [(version: Int, changes: [PresenceAnnouncement.Change])] = []
    while !rest.isEmpty {
      version += 1
      batch.append((version, Array(rest.prefix(PresenceAnnouncement.maximumChanges))))
      rest = rest.dropFirst(PresenceAnnouncement.maximumChanges)
    }
    return batch
  }
}
