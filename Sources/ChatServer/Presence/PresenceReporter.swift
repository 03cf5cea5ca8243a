// Tells Redis which users are on this node, and then the other nodes.
// Never announces before Redis knows, nor more often than once a second.
// On the first event loop of the process; other loops use `MembershipHandle`.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// Counts, reports, announces; each goes on by itself until it has worked.
final class PresenceReporter {
  private static let retry = TimeAmount.milliseconds(200)
  private static let announcementInterval = TimeAmount.seconds(1)
  /// After the first change: who logs in and listens at once is announced as listening, not a second later.
  private static let gathering = TimeAmount.milliseconds(30)
  /// Graces that end within this time end together.
  private static let graceGrain = TimeAmount.milliseconds(50)

  private var node: NodeID
  private let redis: RedisClient
  private let writer: PresenceWriter
  private let logger: Logger
  private var counts: ConnectionCounts
  private var waiters: [(user: AccountName, promise: EventLoopPromise<Void>)] = []
  private var isReporting = false
  private var lastReport = 0
  /// The number of the last report that Redis has confirmed.
  private(set) var confirmedReport = 0
  private var announcements = Announcements()
  /// What is being announced, the present one first.
  private var batch: ArraySlice<(version: Int, changes: [PresenceAnnouncement.Change])> = []
  private var isAnnouncing = false
  private var nextAnnouncement = NIODeadline.now()
  private var isGraceScheduled = false
  private var isStopped = false

  init(_ node: NodeID, grace: TimeAmount, redis: RedisClient, writer: PresenceWriter, logger: Logger) {
    (self.node, self.redis, self.writer, self.logger) = (node, redis, writer, logger)
    counts = ConnectionCounts(grace: grace)
  }

  /// Connections of a user began or ended here, or began or ceased to listen; each number is -1, 0 or 1. When one ends,
  /// `graceful` says that its session goes on: she stays active for the grace. This node's view knows when this returns;
  /// the future succeeds when Redis knows, or when the first try to tell it failed.
  func change(
    _ user: AccountName, _ session: SessionID?, connections: Int, listeners: Int, graceful: Bool
  ) -> EventLoopFuture<Void> {
    if isStopped { return redis.eventLoop.makeSucceededVoidFuture() }
    counts.change(user, session, connections: connections, listeners: listeners, graceful: graceful, now: .now())
    writer.update { $0.setOwn(user, counts[user]?.state, at: $1) }
    scheduleGrace()
    let promise = redis.eventLoop.makePromise(of: Void.self)
    waiters.append((user, promise))
    if !isReporting { report(in: .zero) }
    return promise.futureResult
  }

  /// A session has ended, here or on another node. Its connections here are unbound by their workers; here ends its grace.
  func sessionEnded(_ session: SessionID) {
    guard !isStopped, let user = counts.sessionEnded(session, now: .now()) else { return }
    leave([user])
  }

  /// This node goes on under another id, under which Redis knows nobody.
  func startOver(as node: NodeID) {
    self.node = node
    counts.startOver()
    (lastReport, confirmedReport) = (0, 0)
    announcements = Announcements()
    batch = []
    if counts.hasUnreported, !isReporting { report(in: .zero) }
  }

  /// The node leaves: no more reports.
  func stop() {
    isStopped = true
    for waiter in waiters { waiter.promise.succeed() }
    waiters = []
  }

  // MARK: Grace

  private func scheduleGrace() {
    guard !isGraceScheduled, let end = counts.nextGraceEnd else { return }
    isGraceScheduled = true
    redis.eventLoop.assumeIsolated().scheduleTask(deadline: end + Self.graceGrain) {
      self.isGraceScheduled = false
      if self.isStopped { return }
      self.leave(self.counts.endGraces(now: .now()))
      self.scheduleGrace()
    }
  }

  private func leave(_ users: [AccountName]) {
    writer.update { view, now in for user in users { view.setOwn(user, nil, at: now) } }
    if counts.hasUnreported, !isReporting { report(in: .zero) }
  }

  // MARK: Reports

  /// One report at a time; what changes meanwhile is in the next.
  private func report(in delay: TimeAmount) {
    isReporting = true
    redis.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.sendReport() }
  }

  private func sendReport() {
    let report = counts.takeReport()
    let users = Set(report.map(\.user))
    let waiting = waiters.filter { users.contains($0.user) }
    waiters.removeAll { users.contains($0.user) }
    let reporter = node
    lastReport += 1
    let number = lastReport
    redis.perform(Presence.set(report.map { ($0.user, $0.presence) }, on: reporter, report: number)) { result in
      self.isReporting = false
      if case .success(true) = result, reporter == self.node {
        self.confirmedReport = number
        for entry in report { self.announcements.confirmed(entry.user, entry.presence?.state) }
        self.announce()
      } else {
        self.counts.failed(report)
      }
      for waiter in waiting { waiter.promise.succeed() }
      if self.isStopped || !self.counts.hasUnreported && self.waiters.isEmpty { return }
      switch result {
      case .success(true): self.report(in: .zero)
      case .success(false): self.report(in: Self.retry)  // removed by its peers: the next renewal joins again
      case .failure(let error):
        self.logger.debug("presence could not be reported: \(error)")
        self.report(in: Self.retry)
      }
    }
  }

  // MARK: Announcements

  /// The first change (nearly) at once; what comes within a second of it, together after that second.
  private func announce() {
    guard !isAnnouncing, !isStopped, !announcements.isEmpty else { return }
    isAnnouncing = true
    redis.eventLoop.assumeIsolated().scheduleTask(deadline: max(nextAnnouncement, .now() + Self.gathering)) {
      self.nextAnnouncement = .now() + Self.announcementInterval
      self.batch = self.announcements.takeBatch()[...]
      self.sendAnnouncement()
    }
  }

  /// One at a time and each until it has worked, so that their versions have no gap.
  private func sendAnnouncement() {
    guard !isStopped, let next = batch.first else {
      isAnnouncing = false
      return announce()
    }
    let announcer = node
    redis.perform(Presence.announce(next.changes, version: next.version, by: announcer)) { result in
      // Of an earlier incarnation nobody wants to know any more.
      guard announcer == self.node else { return self.sendAnnouncement() }
      guard case .success(true) = result else {
        if case .failure(let error) = result { self.logger.debug("presence could not be announced: \(error)") }
        self.redis.eventLoop.assumeIsolated().scheduleTask(in: Self.retry) { self.sendAnnouncement() }
        return
      }
      self.batch = self.batch.dropFirst()
      self.sendAnnouncement()
    }
  }
}
