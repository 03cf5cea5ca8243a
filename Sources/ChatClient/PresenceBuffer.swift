// Owns: what the consumer of presence has not read yet; of several changes of one user only the last one counts.
// Must never: grow with the time for which nobody reads.
// Runs on: a value; a Feed guards it.
import NIOCore

/// News of who is active.
public enum PresenceUpdate: Sendable, Equatable {
  /// Who of the watched is active now: at first and after every reconnection. It replaces all that was known.
  /// Names at most 1,000; the count is exact.
  case snapshot(ChatConnection.ActiveUsers)
  /// A watched user became active or inactive. `at`: ISO 8601 in UTC.
  case changed(user: String, isActive: Bool, at: String)
  /// So much changed at once that the server tells only how many users are active.
  case summary(active: Int)
  /// Changes were lost because nobody read them: watch again for a new snapshot.
  case missed
}

/// The presence updates that wait.
struct PresenceBuffer: FeedBuffer {
  /// How many updates may wait.
  static let limit = 10_000

  private enum Entry {
    case whole(PresenceUpdate)
    /// The user's last change stands in `changes`.
    case user(String)
  }

  private var entries = CircularBuffer<Entry>()
  private var changes: [String: PresenceUpdate] = [:]

  /// Takes an update; older ones that it outdates are dropped.
  mutating func append(_ update: PresenceUpdate) {
    switch update {
    case .snapshot: replaceAll(by: update)
    case .changed(let user, _, _):
      if changes.updateValue(update, forKey: user) == nil { entries.append(.user(user)) }
    case .summary, .missed: entries.append(.whole(update))
    }
    if entries.count > Self.limit { replaceAll(by: .missed) }
  }

  mutating func popFirst() -> PresenceUpdate? {
    switch entries.popFirst() {
    case nil: nil
    case .whole(let update): update
    case .user(let name): changes.removeValue(forKey: name)
    }
  }

  private mutating func replaceAll(by update: PresenceUpdate) {
    entries = [.whole(update)]
    changes = [:]
  }
}
