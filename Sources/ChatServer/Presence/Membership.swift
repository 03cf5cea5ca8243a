// This node's membership in the cluster: its lease, its users, and the removal of nodes that died.
// Never removes another node before it has itself seen Redis for a full lease; never goes on under an id that was removed.
// On the first event loop of the process; other loops use `MembershipHandle`.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// Joins, renews, reports, reaps, leaves.
final class Membership {
  /// How often the lease is renewed: three chances in a lease.
  private static let renewal = TimeAmount.milliseconds(Int64(Presence.lease) / 3)
  private static let retry = TimeAmount.milliseconds(200)

  private(set) var node: NodeID
  private let name: String
  private let description: [(String, String)]
  private let redis: RedisClient
  private let logger: Logger
  private var counts = ConnectionCounts()
  private var waiters: [(user: AccountName, promise: EventLoopPromise<Void>)] = []
  private var isReporting = false
  private var isMember = false
  private var isLeaving = false
  private var nextRenewal: Scheduled<Void>?
  /// Since when every renewal has worked; `nil` while they fail.
  private var steadySince: NIODeadline?
  private let joined: EventLoopPromise<Void>
  /// Called with each new incarnation.
  var onNewIncarnation: ((NodeID) -> Void)?

  init(name: String, description: [(String, String)], redis: RedisClient, logger: Logger) {
    (self.name, self.description, self.redis, self.logger) = (name, description, redis, logger)
    node = NodeID(newIncarnationOf: name)
    joined = redis.eventLoop.makePromise()
  }

  /// Tries to join until it has worked; the future succeeds then.
  func join() -> EventLoopFuture<Void> {
    renew()
    return joined.futureResult
  }

  /// Gives up joining: the process was told to stop before it served.
  func abandonJoin() {
    isLeaving = true
    nextRenewal?.cancel()
    joined.fail(CancellationError())
  }

  /// A connection of the user began or ended here. The future succeeds when Redis knows, or when the first try to tell
  /// it failed; tries go on by themselves.
  func change(_ user: AccountName, by delta: Int) -> EventLoopFuture<Void> {
    if isLeaving { return redis.eventLoop.makeSucceededVoidFuture() }
    counts.change(user, by: delta)
    let promise = redis.eventLoop.makePromise(of: Void.self)
    waiters.append((user, promise))
    if !isReporting { report(in: .zero) }
    return promise.futureResult
  }

  /// Takes this node and its users out at once.
  func leave() -> EventLoopFuture<Void> {
    isLeaving = true
    nextRenewal?.cancel()
    for waiter in waiters { waiter.promise.succeed() }
    waiters = []
    let promise = redis.eventLoop.makePromise(of: Void.self)
    remove(node, leaving: true) { promise.succeed() }
    return promise.futureResult
  }

  // MARK: Lease

  private func renew() {
    redis.perform(Presence.renew(node, joiningAs: isMember ? nil : description)) { result in
      if self.isLeaving { return }
      let now = NIODeadline.now()
      var next = Self.renewal
      switch result {
      case .success(.some(let ended)): self.renewed(ended, now)
      case .success(.none):
        self.logger.warning("this node was removed by its peers; joining again", metadata: ["node": "\(self.node)"])
        self.startOver()
        next = Self.retry
      case .failure(let error):
        self.steadySince = nil
        next = Self.retry
        self.logger.warning("the lease could not be renewed: \(error)", metadata: ["node": "\(self.node)"])
      }
      self.nextRenewal = self.redis.eventLoop.assumeIsolated().scheduleTask(in: next) { self.renew() }
    }
  }

  private func renewed(_ ended: [NodeID], _ now: NIODeadline) {
    if !isMember {
      isMember = true
      onNewIncarnation?(node)
      joined.succeed()
      if counts.hasUnreported, !isReporting { report(in: .zero) }
    }
    let since = steadySince ?? now
    steadySince = since
    // After an outage of Redis all leases look ended: everybody gets the time to renew first.
    guard since + .milliseconds(Int64(Presence.lease)) <= now else { return }
    for peer in ended where peer != node {
      logger.notice("removing a node whose lease has ended", metadata: ["peer": "\(peer)"])
      remove(peer, leaving: false) {}
    }
  }

  private func startOver() {
    isMember = false
    node = NodeID(newIncarnationOf: name)
    counts.startOver()
  }

  /// Removes a node's users batch by batch. If this process dies in between, the next one to see the node goes on.
  private func remove(_ node: NodeID, leaving: Bool, then done: @escaping () -> Void) {
    redis.perform(Presence.remove(node, leaving: leaving)) { result in
      if case .success(let left) = result, left > 0 {
        self.remove(node, leaving: leaving, then: done)
      } else {
        done()
      }
    }
  }

  // MARK: Users

  /// One report at a time; what changes meanwhile is in the next.
  private func report(in delay: TimeAmount) {
    isReporting = true
    redis.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.sendReport() }
  }

  private func sendReport() {
    let report = counts.takeReport()
    let users = Set(report.map(\.0))
    let waiting = waiters.filter { users.contains($0.user) }
    waiters.removeAll { users.contains($0.user) }
    redis.perform(Presence.set(report, on: node)) { result in
      self.isReporting = false
      if case .success(true) = result {} else { self.counts.failed(report) }
      for waiter in waiting { waiter.promise.succeed() }
      if self.isLeaving || !self.counts.hasUnreported && self.waiters.isEmpty { return }
      switch result {
      case .success(true): self.report(in: .zero)
      case .success(false): self.report(in: Self.retry)  // removed by its peers: the next renewal joins again
      case .failure(let error):
        self.logger.debug("presence could not be reported: \(error)")
        self.report(in: Self.retry)
      }
    }
  }
}

/// What other event loops may ask of the membership.
struct MembershipHandle: Sendable {
  private let membership: NIOLoopBound<Membership>

  init(_ membership: NIOLoopBound<Membership>) { self.membership = membership }

  /// As `Membership.change`; the future's callbacks run on `loop`.
  func change(_ user: AccountName, by delta: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
    membership.eventLoop.flatSubmit { membership.value.change(user, by: delta) }.hop(to: loop)
  }
}
