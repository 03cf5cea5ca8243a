// The limits of clients on one event loop: when connections are judged, and how late the loop itself is.
// Never a timer for each connection: one look a second over all of them.
// On its event loop.

import ChatState
import Logging
import NIOCore

extension Worker {
  private static let lookInterval = TimeAmount.seconds(1)
  /// Between two measurements of the loop's delay, while there is work.
  private static let loadPeriod = TimeAmount.milliseconds(50)

  /// Looks at the times of every connection, again and again.
  func judgeConnections() {
    eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) {
      if self.isStopping { return }
      self.verbosity = self.logger.logLevel
      let now = NIODeadline.now()
      let connections = self.openConnections
      let anonymous = connections.count { $0.times.isAnonymous && !$0.isEnding }
      // The kernel spreads connections evenly: each event loop has its share of the crowd.
      let isCrowded = anonymous * self.configuration.threads > self.configuration.clientLimits.crowd
      for connection in connections { connection.judgeTimes(isCrowded: isCrowded, now: now) }
      if self.index == 0 { self.commandRates.forgetFull(at: now) }
      self.judgeConnections()
    }
  }

  /// A line is looked at: as long as some are, the loop's delay is measured. An idle one is not woken for it.
  func watchLoad(at now: NIODeadline) {
    guard !isLoadWatched, let target = configuration.shedAfter else { return }
    isLoadWatched = true
    let due = now + Self.loadPeriod
    eventLoop.assumeIsolated().scheduleTask(deadline: due) {
      let now = NIODeadline.now()
      self.isLoadWatched = false
      self.loopDelay.note(now - due, target: target, at: now)
    }
  }

  /// Redis took so long to answer.
  func redisAnswered(in time: TimeAmount) {
    telemetry.redisAnswered(in: time)
    if let target = configuration.shedAfter { redisDelay.note(time, target: target, at: .now()) }
  }

  /// Whether the loop or Redis is given more than it can do.
  func isOverloaded(at now: NIODeadline) -> Bool { loopDelay.isOverloaded(at: now) || redisDelay.isOverloaded(at: now) }
}
