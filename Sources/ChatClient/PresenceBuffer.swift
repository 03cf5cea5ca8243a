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
  /// A snapshot of which not all parts are there: until then everything waits.
  private var partial: ChatConnection.ActiveUsers?

  /// Takes one part of a snapshot, in order with the changes: those before the first part are in it, all behind it are
  /// newer, whatever a later part says.
  mutating func append(_ part: ChatConnection.ActiveUsers, isFirst: Bool, isLast: Bool) {
    if isFirst { (entries, changes, partial) = ([], [:], nil) }
    let whole = ChatConnection.ActiveUsers(
      names: (partial?.names ?? []) + part.names, count: (partial?.count ?? 0) + part.count)
    partial = isLast ? nil : whole
    if isLast { entries.prepend(.whole(.snapshot(whole))) }
  }

  /// The rest of a snapshot doesn't come.
  mutating func abandonSnapshot() {
    if partial != nil { replaceAll(by: .missed) }
  }

  /// Takes an update; older ones that it outdates are dropped.
  mutating func append(_ update: PresenceUpdate) {
    switch update {
    case .changed(let user, _, _):
      if changes.updateValue(update, forKey: user) == nil { entries.append(.user(user)) }
    case .snapshot, .summary, .missed: entries.append(.whole(update))
    }
    if entries.count > Self.limit { replaceAll(by: .missed) }
  }

  mutating func popFirst() -> PresenceUpdate? {
    guard partial == nil else { return nil }
    return switch entries.popFirst() {
    case nil: nil
    case .whole(let update): update
    case .user(let name): changes.removeValue(forKey: name)
    }
  }

  private mutating func replaceAll(by update: PresenceUpdate) {
    (entries, changes, partial) = ([.whole(update)], [:], nil)
  }
}
