// Owns: the measurement of an overload: what is sustainable, then twice of it, then a quarter.
// Must never: take back what it offers because the server is slow.
// Runs on: the generator's event loop.
import NIOCore

/// How a cluster stood twice the load that it can take. Latencies count from when a request was written.
package struct Overload: Sendable {
  /// Sends a second that were acknowledged in a closed loop.
  package var sustainable = 0.0
  /// Sends a second that were planned, whatever came back.
  package var offered = 0.0
  /// Sends a second that were written. Beyond the requests that it may leave unanswered a client waits, and asks nothing of the server.
  package var written = 0.0
  /// How long after its end a send was still refused, or took longer than `patience`, in seconds; nil: to the last.
  package var recovery: Double?

  /// Senders: so many that the requests which they leave unanswered are twice as many as an event loop lets wait for Redis.
  package static let senders = 128
  /// Messages that the ledger has room for.
  static let most = 4_000_000
  /// Recipients: so many that no inbox gets near its bounds, from where on every append needs the exact script (see `InboxFill`): a quarter
  /// of the load would then be one for two cores.
  package static let recipients = 3000

  /// What an accepted send may take, in nanoseconds.
  static let patience: UInt64 = 250_000_000
  /// Refusals that are what an overloaded server is to say.
  static let refusals: Set = ["slow_down", "unavailable"]
}

extension Generator {
  private static let sizingSeconds = 2.0
  private static let overloadSeconds = 5.0
  private static let recoverySeconds = 3.0
  /// Requests that a client leaves unanswered: a node reads no further than this from one connection. What a client would like to send
  /// beyond it waits in the client, for which the server is not asked.
  private static let window = 256

  /// Accounts: first the senders, then the recipients, who are away, and collect at the end.
  package func overload(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape
  ) async throws -> LoadFigures {
    let recipients = Array(shape.connections..<accounts.count)
    let connector = Connector(server, on: eventLoop)
    var sized = shape
    sized.operations = Overload.most
    let traffic = traffic(server, accounts, sized, routes: recipients, isPublished: false)
    (traffic.plan.deepest, traffic.plan.countsFromWriting) = (Self.window, true)
    let senders = (0..<shape.connections).map { MessageSender($0, traffic) }
    try await connect(senders, connector, traffic)
    try await rest()
    var overload = Overload()
    overload.sustainable = try await sustainable(senders, traffic)
    overload.offered = 2 * overload.sustainable

    traffic.beginPhase(rate: overload.offered)
    let (before, written) = (traffic.ledger.acknowledged, traffic.written)
    let begin = ClockReading(server, at: now)
    try await offer(overload.offered, for: Self.overloadSeconds, senders)
    let end = now
    overload.written = Double(traffic.written - written) * 1e9 / Double(end - begin.time)
    var figures = begin.measurement(to: ClockReading(server, at: end), end: end)
    figures.operations = traffic.ledger.acknowledged - before
    figures.latency = traffic.acknowledgements.percentiles

    for sender in senders { sender.dropWaiting() }
    traffic.beginPhase(rate: overload.sustainable / 4)
    try await offer(overload.sustainable / 4, for: Self.recoverySeconds, senders)
    traffic.isStopped = true
    // Longer than any request may take: what is stored behind the collection would count as lost.
    if try await !wait(30, { senders.allSatisfy(\.isDone) }) { figures.broken += senders.count { !$0.isDone } }
    // Only now: an answer that is awaited still is trouble when it comes.
    let trouble = traffic.lastTrouble > end ? Double(traffic.lastTrouble - end) / 1e9 : 0
    overload.recovery = trouble < Self.recoverySeconds - 0.5 ? trouble : nil
    for sender in senders { sender.end() }
    (figures.refusals, figures.isClosedLoop, figures.overload) = (traffic.refusals, false, overload)
    figures.broken += traffic.broken
    try await collect(recipients, traffic, connector, &figures)
    return figures
  }

  /// Acknowledged sends a second, each sender keeping its depth on its way.
  private func sustainable(_ senders: [MessageSender], _ traffic: Traffic) async throws -> Double {
    let begin = now
    for sender in senders { sender.begin() }
    _ = try await wait(Self.sizingSeconds, progress: { (traffic.ledger.acknowledged, Overload.most) }, { false })
    traffic.isStopped = true
    guard try await wait(5, { senders.allSatisfy(\.isDone) }), traffic.ledger.acknowledged > 0 else {
      throw LoadFailure("no rate can be sustained: \(traffic.refusals)")
    }
    traffic.isStopped = false
    return Double(traffic.ledger.acknowledged) * 1e9 / Double(traffic.lastAcknowledged - begin)
  }

  /// Plans sends at a rate for so many seconds, and comes back then, whatever is still on its way.
  private func offer(_ rate: Double, for seconds: Double, _ senders: [MessageSender]) async throws {
    let schedule = OpenLoop(begin: now, rate: rate, count: Int(rate * seconds))
    let driver = self.driver(schedule, senders)
    driver.run()
    let total = Int(seconds * 10)
    let begin = now
    _ = try await wait(seconds, progress: { (Int((self.now - begin) / 100_000_000), total) }, { false })
    driver.stop()
  }

  /// Empties the inboxes; what was acknowledged must be there.
  private func collect(
    _ recipients: [Int], _ traffic: Traffic, _ connector: Connector, _ figures: inout LoadFigures
  ) async throws {
    let visits = Visits(
      .collect(traffic), wire: traffic.wire, requests: traffic.requests, accounts: recipients, count: recipients.count,
      connector: connector)
    visits.begin(atATime: min(8, recipients.count))  // no second overload
    if try await !wait(120, progress: { (visits.done, recipients.count) }, { visits.isDone }) {
      visits.isStopped = true
    }
    figures.verdict = traffic.ledger.verdict
    figures.broken += visits.broken
    figures.refusals.add(visits.refusals)
  }
}
