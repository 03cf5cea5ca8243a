// How many commands each session and each user may still send to this node, on whichever connection and event loop.
// Never waits: who is too fast is told at once.
// Any thread; all event loops share it.

import ChatProtocol
import ChatState
import NIOCore
import Synchronization

/// A bucket that several connections share.
final class SharedTokenBucket: Sendable {
  private let bucket = Mutex(TokenBucket())

  func take(_ rate: CommandRate, now: NIODeadline) -> TimeAmount? { bucket.withLock { $0.take(rate, now: now) } }

  func giveBack(_ rate: CommandRate) { bucket.withLock { $0.giveBack(rate) } }

  func isFull(at now: NIODeadline) -> Bool { bucket.withLock { $0.isFull(at: now) } }
}

/// What one session takes its commands from: its own bucket, and the one of all its user's sessions. Without the second a user
/// with many sessions, or a new one every minute, would have many rates.
struct SessionRate {
  fileprivate let session, user: SharedTokenBucket

  /// Takes a command; if it is one too many, says for which limit, and in what time there is room.
  func take(_ limits: ClientLimits, now: NIODeadline) -> (limit: Limit, wait: TimeAmount)? {
    if let rate = limits.commandRate, let wait = session.take(rate, now: now) { return (.commandRate, wait) }
    guard let rate = limits.userCommandRate, let wait = user.take(rate, now: now) else { return nil }
    if let rate = limits.commandRate { session.giveBack(rate) }
    return (.userCommandRate, wait)
  }
}

/// The buckets of this process. Found once for each binding of a connection to a session; after that no lock is shared with others.
final class CommandRates: Sendable {
  private struct Buckets {
    var sessions: [SessionID: SharedTokenBucket] = [:]
    var users: [AccountName: SharedTokenBucket] = [:]
    var nextLook = NIODeadline.distantPast
  }

  /// All buckets are looked at no more often: meanwhile nobody finds one.
  private static let lookInterval = TimeAmount.seconds(10)

  private let buckets = Mutex(Buckets())

  /// Where the session takes its commands from.
  func rate(of session: Session) -> SessionRate {
    buckets.withLock {
      SessionRate(
        session: Self.bucket(of: session.id, in: &$0.sessions), user: Self.bucket(of: session.user, in: &$0.users))
    }
  }

  /// How many buckets are kept.
  var count: Int { buckets.withLock { $0.sessions.count + $0.users.count } }

  /// A full bucket that nobody uses is as good as none. (One that is in use must stay the only one.)
  func forgetFull(at now: NIODeadline) {
    buckets.withLock {
      guard $0.nextLook <= now else { return }
      $0.nextLook = now + Self.lookInterval
      Self.forgetFull(in: &$0.sessions, at: now)
      Self.forgetFull(in: &$0.users, at: now)
    }
  }

  private static func bucket<Key>(of key: Key, in buckets: inout [Key: SharedTokenBucket]) -> SharedTokenBucket {
    if let bucket = buckets[key] { return bucket }
    let bucket = SharedTokenBucket()
    buckets[key] = bucket
    return bucket
  }

  private static func forgetFull<Key>(in buckets: inout [Key: SharedTokenBucket], at now: NIODeadline) {
    var index = buckets.startIndex
    var forgotten: [Key] = []
    while index < buckets.endIndex {
      if isKnownUniquelyReferenced(&buckets.values[index]), buckets.values[index].isFull(at: now) {
        forgotten.append(buckets.keys[index])
      }
      buckets.formIndex(after: &index)
    }
    for key in forgotten { buckets[key] = nil }
  }
}
