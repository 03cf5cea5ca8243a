// The limits of clients on one event loop: when connections are judged.
// Never a timer for each connection: one look a second over all of them.
// On its event loop.

import ChatState
import NIOCore

extension Worker {
  private static let lookInterval = TimeAmount.seconds(1)

  /// Looks at the times of every connection, again and again.
  func judgeConnections() {
    eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) {
      if self.isStopping { return }
      let now = NIODeadline.now()
      let connections = self.openConnections
      let anonymous = connections.count { $0.times.isAnonymous && !$0.isEnding }
      // The kernel spreads connections evenly: each event loop has its share of the crowd.
      let isCrowded = anonymous * self.configuration.threads > self.configuration.clientLimits.crowd
      for connection in connections { connection.judgeTimes(isCrowded: isCrowded, now: now) }
      self.forgetFullBuckets(at: now)
      self.judgeConnections()
    }
  }
}
