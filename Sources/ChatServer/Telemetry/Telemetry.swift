// What one event loop counts while it serves.
// Never takes a lock or an atomic on the path of a message: each loop has its own, a scrape adds them up.
// On its event loop.

import ChatProtocol
import NIOCore
import RedisClient

/// The counters of one event loop.
final class Telemetry {
  private(set) var counters = Counters()
  private let requestTimeout: TimeAmount
  /// Replies of this turn of the loop: one look at the clock, when it ends, serves them all.
  private var answeredNow: [(command: Int, deadline: NIODeadline)] = []

  init(requestTimeout: TimeAmount) { self.requestTimeout = requestTimeout }

  /// A connection was accepted.
  func accepted() { counters.accepted += 1 }

  /// A client sent so many bytes.
  func received(_ bytes: Int) { counters.bytesReceived += bytes }

  /// So many bytes were written for a client.
  func sent(_ bytes: Int) { counters.bytesSent += bytes }

  /// Connections were bound to a session (1) or let go of it (-1).
  func bound(_ change: Int) { counters.bound += change }

  /// A client was refused something, or lost it, because of a bound.
  func refused(by limit: Limit) { counters.refusals[limit, default: 0] += 1 }

  /// A request has its reply.
  func answered(_ ticket: ReplyTicket, _ reply: Reply) {
    counters.count(reply, to: ticket.word)
    if let word = ticket.word { answeredNow.append((word.rawValue, ticket.deadline)) }
  }

  /// The replies of this turn are written.
  func turnEnded() {
    guard !answeredNow.isEmpty else { return }
    let now = NIODeadline.now()
    // The deadline lies the timeout behind the arrival.
    for (command, deadline) in answeredNow { counters.latency[command].observe(now - deadline + requestTimeout) }
    answeredNow.removeAll(keepingCapacity: true)
  }

  /// Redis has answered.
  func redisAnswered(in time: TimeAmount) { counters.redisLatency.observe(time) }

  /// A task of the event loop ran so much too late.
  func loopWasLate(by time: TimeAmount) { counters.loopLag.observe(time) }
}

extension Worker {
  private static let lagPeriod = TimeAmount.milliseconds(500)

  /// How it stands now.
  func counters() -> Counters {
    var counters = telemetry.counters
    (counters.open, counters.sessions) = (connectionCount, sessionCount)
    counters.outboxBytes = openConnections.reduce(0) { $0 + $1.outboxBytes }
    counters.redisReconnects = max(0, redis.connections - 1)
    counters.requestsInFlight = redis.requestsInFlight
    (counters.feeds, counters.listeners) = feeds.counts
    return counters
  }

  /// Measures how late the loop is, and how long Redis takes.
  func startMeasuring() {
    redis.onRoundTrip = { [unowned self] in redisAnswered(in: $0) }
    watchTheLoop()
  }

  private func watchTheLoop() {
    let due = NIODeadline.now() + Self.lagPeriod
    eventLoop.assumeIsolated().scheduleTask(deadline: due) {
      if self.isStopping { return }
      self.telemetry.loopWasLate(by: .now() - due)
      self.watchTheLoop()
    }
  }
}
