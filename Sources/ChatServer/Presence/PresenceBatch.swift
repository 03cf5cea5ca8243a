// What has changed in the presence view between two looks at it.
// Never longer than its bound: beyond it only the number of active users counts.
// Pure values; any thread.

import ChatProtocol

/// How one user's being active has changed between two looks.
struct PresenceChange: Equatable, Sendable {
  let user: AccountName
  let wasActive: Bool
  private(set) var isActive: Bool
  /// The view's revisions at her first and her last change.
  private let first: Int
  private var last: Int
  /// When this node learned of the last.
  private(set) var at = Timestamp(milliseconds: 0)

  /// The first change, from how it was before.
  init(of user: AccountName, from wasActive: Bool, _ revision: Int) {
    self.user = user
    (self.wasActive, isActive, first, last) = (wasActive, wasActive, revision, revision)
  }

  /// She became active or inactive.
  mutating func became(_ isActive: Bool, _ revision: Int, at now: Timestamp) {
    (self.isActive, last, at) = (isActive, revision, now)
  }

  /// Whether this is news to whoever was told how it stood at a revision. A user who went and came back is none, unless
  /// what was told lies in between.
  func isNews(since told: Int) -> Bool {
    if told >= last { return false }
    return told < first ? wasActive != isActive : true
  }
}

/// All that changed between two looks.
struct PresenceBatch: Sendable {
  /// Beyond this many changes, nobody is told of single ones.
  static let maximumChanges = 1000

  /// Every user that changed, also if she is as she was; empty in a summary.
  let changes: [PresenceChange]
  /// How many users are active in all.
  let active: Int
  /// So much has changed that only `active` is told.
  let isSummary: Bool

  init(_ changes: [PresenceChange], active: Int) {
    self.active = active
    isSummary = changes.reduce(0) { $0 + ($1.wasActive != $1.isActive ? 1 : 0) } > Self.maximumChanges
    self.changes = isSummary ? [] : changes
  }
}
