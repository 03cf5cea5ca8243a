// This node's membership in the cluster: its lease, and the removal of nodes that died.
// Never removes another node before it has itself seen Redis for a full lease; never goes on under an id that was removed.
// On the first event loop of the process; other loops use `MembershipHandle`.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// Joins, renews, reaps, leaves; its parts report this node's users and read those of the others.
final class Membership {
  /// How often the lease is renewed: three chances in a lease.
  private static let renewal = TimeAmount.milliseconds(Int64(Presence.lease) / 3)
  private static let retry = TimeAmount.milliseconds(200)
  /// How long a renewal waits for the event loops to say what they have to do: a busy one must not cost the lease.
  private static let measuring = TimeAmount.milliseconds(100)

  /// How long a node that stops waits for the answer to whether there are others.
  private static let asking = TimeAmount.seconds(1)

  private(set) var node: NodeID
  private let name: String
  /// What Redis is told of this node when it joins.
  var description: [(String, String)]
  private let redis: RedisClient
  private let logger: Logger
  /// Where this node's users are told of.
  let reporter: PresenceReporter
  /// Where the other nodes' announcements go.
  let reader: PresenceReader
  /// Where every change of the view comes from.
  let writer: PresenceWriter
  private var isMember = false
  private var isLeaving = false
  private var nextRenewal: Scheduled<Void>?
  /// Since when every renewal has worked; `nil` while they fail.
  private var steadySince: NIODeadline?
  private var lastRenewed: NIODeadline?
  private let joined: EventLoopPromise<Void>
  /// Called with each new incarnation but the first, before it joins, so that its channel is heard by then: with the one
  /// before and the new one.
  var onNewIncarnation: ((NodeID, NodeID) -> Void)?
  /// Asks all event loops what they have counted.
  var counters: (() -> EventLoopFuture<Counters>)?
  private var meter = LoadMeter()

  init(
    _ configuration: ServerConfiguration, description: [(String, String)], presence: SharedPresence,
    redis: RedisClient, logger: Logger
  ) {
    node = presence.own
    (name, self.description) = (configuration.name, description)
    (self.redis, self.logger) = (redis, logger)
    writer = PresenceWriter(presence, on: redis.eventLoop)
    reader = PresenceReader(redis: redis, writer: writer, logger: logger)
    reporter = PresenceReporter(
      node, grace: configuration.presenceGrace, redis: redis, writer: writer, logger: logger)
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

  /// Takes this node and its users out at once.
  func leave() -> EventLoopFuture<Void> {
    isLeaving = true
    nextRenewal?.cancel()
    reporter.stop()
    reader.stop()
    let promise = redis.eventLoop.makePromise(of: Void.self)
    remove(node, leaving: true) { promise.succeed() }
    return promise.futureResult
  }

  /// Whether there are other nodes: as Redis says, for one that has just joined is not in this node's view yet; while Redis does
  /// not answer, as this node knows.
  func hasPeers() -> EventLoopFuture<Bool> {
    let promise = redis.eventLoop.makePromise(of: Bool.self)
    redis.perform(Presence.nodes, deadline: .now() + Self.asking) { result in
      let others = (try? result.get()).map { $0.filter { $0 != self.node } } ?? Array(self.reader.others())
      promise.succeed(!others.isEmpty)
    }
    return promise.futureResult
  }

  /// Redis may be another one, or in an older state: its word on this node's lease is worth more than the next in turn.
  func renewSoon() {
    guard isMember, !isLeaving, nextRenewal != nil else { return }
    nextRenewal?.cancel()
    renew()
  }

  // MARK: Lease

  /// Whether Redis has renewed the lease within its life.
  var holdsLease: Bool {
    isMember && lastRenewed.map { .now() < $0 + .milliseconds(Int64(Presence.lease)) } ?? false
  }

  private func renew() {
    nextRenewal = nil
    measure { if !self.isLeaving { self.renewMeasured() } }
  }

  /// Measures the load; what can't be measured in time stays as it was.
  private func measure(then goOn: @escaping () -> Void) {
    guard let counters else { return goOn() }
    var isDone = false
    func goOnOnce() {
      if isDone { return }
      isDone = true
      goOn()
    }
    let timeout = redis.eventLoop.assumeIsolated().scheduleTask(in: Self.measuring) { goOnOnce() }
    counters().assumeIsolated().whenComplete { result in
      if case .success(let now) = result {
        self.meter.measured(connections: now.open, messages: now.messages, at: .now())
      }
      timeout.cancel()
      goOnOnce()
    }
  }

  private func renewMeasured() {
    let (known, confirmed) = (reader.others(), reporter.confirmedReport)
    redis.perform(Presence.renew(node, joiningAs: isMember ? nil : description, load: meter.load)) { result in
      if self.isLeaving { return }
      let now = NIODeadline.now()
      var next = Self.renewal
      switch result {
      case .success(.some(let renewal)) where renewal.reported < confirmed:
        self.logger.warning("Redis has lost what was written last; joining again", metadata: ["node": "\(self.node)"])
        self.startOver()
        next = .zero
      case .success(.some(let renewal)):
        self.reader.learn(renewal.nodes, knownBefore: known)
        self.renewed(renewal.ended, now)
      case .success(.none):
        self.logger.warning("this node was removed by its peers; joining again", metadata: ["node": "\(self.node)"])
        self.startOver()
        next = Self.retry
      case .failure(let error):
        self.steadySince = nil
        next = Self.retry
        // With the cause: what the connection has said of it may be long ago.
        let cause = self.redis.connectionFailure.map { ": \($0)" } ?? ""
        let undone = self.isMember ? "the lease could not be renewed" : "this node could not join"
        self.logger.warning("\(undone): \(error)\(cause)", metadata: ["node": "\(self.node)"])
      }
      self.nextRenewal = self.redis.eventLoop.assumeIsolated().scheduleTask(in: next) {
        // Cancelled in the turn in which it was due, it runs all the same.
        if self.nextRenewal != nil { self.renew() }
      }
    }
  }

  private func renewed(_ ended: [NodeID], _ now: NIODeadline) {
    if !isMember {
      isMember = true
      joined.succeed()
    }
    // A hole between two renewals is an outage too: perhaps everybody stood still, and this node woke up first.
    let isSteady = lastRenewed.map { now <= $0 + Self.renewal + redis.requestTimeout } ?? false
    let since = isSteady ? steadySince ?? now : now
    (steadySince, lastRenewed) = (since, now)
    // After an outage of Redis all leases look ended: everybody gets the time to renew first.
    guard since + .milliseconds(Int64(Presence.lease)) <= now else { return }
    for peer in ended where peer != node {
      logger.notice("removing a node whose lease has ended", metadata: ["peer": "\(peer)"])
      remove(peer, leaving: false) {}
    }
  }

  private func startOver() {
    (isMember, steadySince) = (false, nil)
    let last = node
    let new = NodeID(newIncarnationOf: name)
    node = new
    writer.update { view, _ in view.rename(own: new) }
    onNewIncarnation?(last, new)
    reporter.startOver(as: node)
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
}

/// What other event loops may ask of the membership.
struct MembershipHandle: Sendable {
  private let membership: NIOLoopBound<Membership>

  init(_ membership: NIOLoopBound<Membership>) { self.membership = membership }

  /// As `PresenceReporter.change`; the future's callbacks run on `loop`. The session matters where a connection ends.
  func change(
    _ user: AccountName, _ session: SessionID? = nil, connections: Int, listeners: Int, graceful: Bool,
    on loop: any EventLoop
  ) -> EventLoopFuture<Void> {
    membership.eventLoop.flatSubmit {
      membership.value.reporter.change(
        user, session, connections: connections, listeners: listeners, graceful: graceful)
    }.hop(to: loop)
  }
}
