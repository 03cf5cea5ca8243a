// All feeds of one event loop, by user.
// Never forgets one that has a listener; never lets a lost wake-up last.
// On its event loop.

import ChatProtocol
import DequeModule
import NIOCore

/// The users with listening connections on this event loop.
final class Feeds {
  /// How often each feed looks by itself: a lost wake-up delays a message by this much at most.
  private static let comparison = TimeAmount.seconds(3)
  /// The first looks come sooner: until the other nodes have heard of a new listener (as a rule in 50 ms, at most a little
  /// more than a second) nobody wakes it.
  private static let firstComparisons = [150, 500, 1200].map { TimeAmount.milliseconds($0) }
  private static let clockPeriod = TimeAmount.milliseconds(500)
  /// Looks per period: what is due beyond waits for the next.
  private static let comparisonsAtOnce = 5000

  private unowned let worker: Worker
  private let place: String
  /// One without listeners stays until it is due.
  private var feeds: [AccountName: InboxFeed] = [:]
  /// Every feed, the one that is due next first.
  private var due = Deque<(feed: InboxFeed, at: NIODeadline)>()
  private var isClockRunning = false

  /// - Parameter place: the name of this event loop among all of all nodes.
  init(of worker: Worker, place: String) { (self.worker, self.place) = (worker, place) }

  /// Users with a feed here, and the connections that listen to them.
  var counts: (feeds: Int, listeners: Int) {
    (feeds.count, feeds.values.reduce(0) { $0 + $1.listenerCount })
  }

  /// The feed of a user, for a connection that is about to listen.
  func feed(of user: AccountName) -> InboxFeed {
    let feed = feeds[user] ?? begin(user)
    if feed.isEmpty { lookSoon(feed) }
    return feed
  }

  /// These users have new messages.
  func wake(_ users: [AccountName]) {
    guard !feeds.isEmpty else { return }
    for user in users { feeds[user]?.wake() }
  }

  /// This user has a new message, with this number.
  func arrived(_ message: MessageRecord, sequence: Int, for user: AccountName) {
    feeds[user]?.arrived(message, sequence: sequence)
  }

  /// Anybody may have new messages.
  func wakeAll() {
    for feed in feeds.values { feed.wake() }
  }

  private func begin(_ user: AccountName) -> InboxFeed {
    let feed = InboxFeed(of: user, place: place, on: worker)
    feeds[user] = feed
    worker.feedLoops.add(user, on: worker.index)
    due.append((feed, .now() + Self.comparison))
    if !isClockRunning { startClock() }
    return feed
  }

  private func lookSoon(_ feed: InboxFeed) {
    if feed.isLookingSoon { return }
    feed.isLookingSoon = true
    for time in Self.firstComparisons {
      worker.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak feed] in
        feed?.look()
        if time == Self.firstComparisons.last { feed?.isLookingSoon = false }
      }
    }
  }

  private func startClock() {
    isClockRunning = true
    worker.eventLoop.assumeIsolated().scheduleTask(in: Self.clockPeriod) {
      self.lookAtClock(.now())
      self.isClockRunning = !self.due.isEmpty
      if self.isClockRunning { self.startClock() }
    }
  }

  private func lookAtClock(_ now: NIODeadline) {
    for _ in 0..<Self.comparisonsAtOnce {
      guard let next = due.first, next.at <= now else { return }
      due.removeFirst()
      // Not before: a client that begins and ends to listen all the time has one feed, not one for each time.
      if next.feed.isEmpty {
        feeds[next.feed.user] = nil
        worker.feedLoops.remove(next.feed.user, from: worker.index)
      } else {
        next.feed.compare()
        due.append((next.feed, now + Self.comparison))
      }
    }
  }
}
