// How a node stands: whether it can serve, and what it has counted.
// Never changes anything, and never asks for more than each event loop can say at once.
// On the first event loop of the process.

import ChatProtocol
import NIOCore
import RedisClient

/// Answers the questions of operators.
struct NodeStatus: Sendable {
  /// How long Redis may take to answer the question whether it answers.
  private static let patience = TimeAmount.seconds(1)

  let workers: [NIOLoopBound<Worker>]
  let membership: NIOLoopBound<Membership>
  let passwords: PasswordChecks
  let presence: SharedPresence
  /// `nil`: the node has nothing to say of the cluster.
  let cluster: NIOLoopBound<ClusterReport>?

  private var first: any EventLoop { membership.eventLoop }

  /// Why the node can't serve, in words; `nil` if it can.
  func unready() -> EventLoopFuture<String?> {
    let loops = workers.map { worker in
      worker.eventLoop.submit { () -> String? in
        if worker.value.isDraining || worker.value.isStopping { return "the node is stopping" }
        if worker.value.redis.isReady { return nil }
        return "no connection to Redis" + (worker.value.redis.connectionFailure.map { ": \($0)" } ?? "")
      }
    }
    return EventLoopFuture.whenAllSucceed(loops, on: first).flatMap { reasons in
      if let reason = reasons.compactMap({ $0 }).first { return first.makeSucceededFuture(reason) }
      guard membership.value.holdsLease else {
        return first.makeSucceededFuture("the node holds no lease in Redis")
      }
      let answered = first.makePromise(of: String?.self)
      let ping = RedisRequest(RedisCommand("PING")) { _ in () }
      workers[0].value.redis.perform(ping, deadline: .now() + Self.patience) { result in
        switch result {
        case .success: answered.succeed(nil)
        case .failure(let error): answered.succeed("Redis does not answer: \(error)")
        }
      }
      return answered.futureResult
    }
  }

  /// What all event loops have counted.
  func counters() -> EventLoopFuture<Counters> {
    let counted = workers.map { worker in worker.eventLoop.submit { worker.value.counters() } }
    return EventLoopFuture.whenAllSucceed(counted, on: first).map { loops in
      loops.reduce(into: Counters()) { $0.add($1) }
    }
  }

  /// The page for Prometheus.
  func metrics() -> EventLoopFuture<MetricsPage> {
    counters().and(unready()).map { counters, unready in
      var page = MetricsPage()
      page.eventLoops = workers.count
      page.counters = counters
      page.passwords = passwords.load
      (page.activeUsers, page.isPresenceStale) = (presence.activeCount, presence.isStale)
      (page.presenceRevision, page.presenceAge) = (presence.revision, presence.age)
      page.unready = unready
      return page
    }
  }
}
