// Which event loops of this node have a feed of which user, so that a notice of mail wakes no other.
// Never waits: it is locked for one look or one change at a time.
// Any thread.

import ChatProtocol
import Synchronization

/// The feeds of all event loops of a node, by user.
final class FeedLoops: Sendable {
  private let loops = Mutex<[AccountName: Set<Int>]>([:])

  /// The loop with this index has a feed of the user from now on.
  func add(_ user: AccountName, on loop: Int) { loops.withLock { _ = $0[user, default: []].insert(loop) } }

  /// It has none any more.
  func remove(_ user: AccountName, from loop: Int) {
    loops.withLock { loops in
      loops[user]?.remove(loop)
      if loops[user]?.isEmpty == true { loops[user] = nil }
    }
  }

  /// The indices of the loops that have a feed of any of these users, with those users.
  func feeds(of users: some Sequence<AccountName> & Sendable) -> [Int: [AccountName]] {
    loops.withLock { loops in
      var found: [Int: [AccountName]] = [:]
      for user in users { for loop in loops[user] ?? [] { found[loop, default: []].append(user) } }
      return found
    }
  }
}
