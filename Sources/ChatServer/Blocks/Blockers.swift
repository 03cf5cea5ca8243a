// Who blocks the users of one event loop's sessions, so that a send need not ask.
// Never trusted when news of changes may be missing: then each send asks Redis.
// On its event loop.

import ChatProtocol
import ChatState
import RedisClient

/// Who blocks one user, shared by all her connections on an event loop.
final class Blockers {
  /// Whether a message may be stored.
  enum Standing {
    case free
    case blocked
    /// Redis must be asked.
    case unknown
  }

  /// More blockers of one user are not kept: what she sends is asked for one by one.
  private static let bound = 1000

  private let user: AccountName
  private let all: BlockersByUser
  /// `nil`: not known, or too many.
  private var names: Set<AccountName>?
  private var isReading = false
  private var mustReadAgain = false

  fileprivate init(of user: AccountName, in all: BlockersByUser) { (self.user, self.all) = (user, all) }

  deinit { all.forget(user) }

  /// How the user stands with a recipient.
  func standing(with recipient: AccountName) -> Standing {
    guard all.hearsNews, let names else { return .unknown }
    return names.contains(recipient) ? .blocked : .free
  }

  /// Reads them, unless that is under way: it is answered before whatever is asked next.
  func read() {
    guard !isReading else { return }
    isReading = true
    all.redis.perform(Blocks.blockers(of: user, limit: Self.bound + 1)) { result in
      self.isReading = false
      switch result {
      case .success(let found) where found.count <= Self.bound: self.names = Set(found)
      case .success, .failure: self.names = nil
      }
      guard self.mustReadAgain else { return }
      self.mustReadAgain = false
      self.read()
    }
  }

  /// They have changed: what is being read may be older.
  fileprivate func changed() {
    if isReading { mustReadAgain = true } else { read() }
  }

  /// They may have changed; the next check of the session reads them.
  fileprivate func distrust() {
    names = nil
    if isReading { mustReadAgain = true }
  }
}

/// The blockers of all users who have a session bound on this event loop.
final class BlockersByUser {
  private struct Entry {
    weak var blockers: Blockers?
  }

  fileprivate let redis: RedisClient
  /// An entry lives as long as a binding of the user holds it.
  private var users: [AccountName: Entry] = [:]
  /// Whether the news of changes arrives.
  private(set) var hearsNews = false

  init(redis: RedisClient) { self.redis = redis }

  /// Those of a user who has just been bound; they are read if they are not known yet.
  func blockers(of user: AccountName) -> Blockers {
    if let known = users[user]?.blockers { return known }
    let blockers = Blockers(of: user, in: self)
    users[user] = Entry(blockers: blockers)
    blockers.read()
    return blockers
  }

  /// A user's blockers have changed.
  func changed(of user: AccountName) { users[user]?.blockers?.changed() }

  /// No news arrives any more.
  func newsLost() { hearsNews = false }

  /// News arrives again; some may have been missed.
  func newsHeardAgain() {
    hearsNews = true
    for entry in users.values { entry.blockers?.distrust() }
  }

  fileprivate func forget(_ user: AccountName) { users[user] = nil }
}
