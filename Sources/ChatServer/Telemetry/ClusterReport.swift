// The cluster as Redis knows it, for the operators' view.
// Never asks Redis again for each of many who look at the same time.
// On the first event loop of the process; what it asks runs in a task.

import NIOCore
import RedisClient

/// The last report, for a second.
final class ClusterReport {
  /// How old a report may be.
  private static let period = TimeAmount.seconds(1)

  private let redis: RedisHandle
  private let eventLoop: any EventLoop
  private let ask: @Sendable (RedisHandle) async throws -> String
  private var last: (report: EventLoopFuture<String>, at: NIODeadline)?

  /// Called on the loop of `redis`.
  init(_ redis: RedisClient, _ ask: @escaping @Sendable (RedisHandle) async throws -> String) {
    (self.redis, eventLoop, self.ask) = (RedisHandle(redis), redis.eventLoop, ask)
  }

  /// The report in JSON; fails when Redis could not be asked.
  func read() -> EventLoopFuture<String> {
    if let last, NIODeadline.now() < last.at + Self.period { return last.report }
    let (redis, ask) = (redis, ask)
    let report = eventLoop.makeFutureWithTask { try await ask(redis) }
    last = (report, .now())
    return report
  }
}
