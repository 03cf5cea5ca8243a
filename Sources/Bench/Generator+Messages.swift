// Owns: the measurements of messages: sent to who is away, collected, pushed.
// Must never: end while an acknowledged message may still be on its way.
// Runs on: the generator's event loop.
import NIOCore

extension Generator {
  /// Sends to recipients who are away, then has them collect. Accounts: first the senders, then the recipients.
  package func store(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape
  ) async throws -> (send: LoadFigures, collect: LoadFigures) {
    let recipients = Array(shape.connections..<accounts.count)
    let connector = Connector(server, on: eventLoop)
    let traffic = traffic(server, accounts, shape, routes: recipients, isPublished: false)
    let senders = (0..<shape.connections).map { MessageSender($0, traffic) }
    try await connect(senders, connector, traffic)
    try await rest()
    let send = try await run(senders, traffic, server, shape, isLive: false)
    for sender in senders { sender.end() }
    try await rest(0.1)
    let visits = Visits(
      .collect(traffic), wire: server.wire, requests: traffic.requests, accounts: recipients, count: recipients.count,
      connector: connector)
    let begin = ClockReading(server, at: now)
    visits.begin(atATime: min(shape.connections, 64))
    if try await !wait(shape.seconds, progress: { (visits.done, recipients.count) }, { visits.isDone }) {
      visits.isStopped = true
      visits.broken += 1
    }
    var collect = begin.measurement(to: ClockReading(server, at: now), end: visits.lastDone)
    collect.operations = traffic.ledger.received
    collect.latency = visits.latency.percentiles
    collect.verdict = traffic.ledger.verdict
    collect.refusals = visits.refusals
    collect.broken = visits.broken
    return (send, collect)
  }

  /// Sends to recipients who listen. `placement` answers on which node each account is, once all are connected: then no
  /// message goes to a listener on its sender's node.
  package func push(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape,
    placement: (@Sendable () async throws -> [String?])?
  ) async throws -> LoadFigures {
    let listening = Array(shape.connections..<shape.connections + shape.receivers)
    let connector = Connector(server, on: eventLoop)
    let traffic = traffic(server, accounts, shape, routes: listening, isPublished: true)
    let senders = (0..<shape.connections).map { MessageSender($0, traffic) }
    let listeners = listening.map { MessageListener($0, traffic) }
    try await connect(senders, connector, traffic)
    try await connect(listeners, connector, traffic)
    if let placement {
      traffic.plan.routes = try Self.routes(senders: shape.connections, listening, on: await placement())
    }
    // A listening that is news to the senders' nodes takes up to a second to arrive there.
    try await rest(server.wire == .line ? 1.5 : 0.3)
    let measurement = try await run(senders, traffic, server, shape, isLive: true)
    for sender in senders { sender.end() }
    for listener in listeners { listener.end() }
    return measurement
  }

  /// For each sender the listeners on other nodes.
  static func routes(senders: Int, _ listening: [Int], on nodes: [String?]) throws -> [[Int]] {
    try (0..<senders).map { sender in
      let others = listening.filter { nodes[$0] != nodes[sender] }
      guard !others.isEmpty else { throw LoadFailure("all listeners are on one node: more of them are needed") }
      return others
    }
  }

  func traffic(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape, routes: [Int], isPublished: Bool
  ) -> Traffic {
    let plan = Traffic.Plan(
      perSender: max(1, shape.operations / shape.connections), firstSender: shape.round * shape.connections,
      depth: shape.inFlight, rate: shape.rate, routes: Array(repeating: routes, count: shape.connections))
    let requests = LoadRequests(
      server.wire, accounts: accounts, payload: shape.payload, isPublished: isPublished, tagRun: shape.tagRun)
    let traffic = Traffic(server.wire, plan: plan, requests: requests)
    traffic.dropped = dropped
    return traffic
  }

  /// The senders take turns.
  func driver(_ schedule: OpenLoop, _ senders: [MessageSender]) -> OpenLoopDriver {
    OpenLoopDriver(schedule, on: eventLoop, flush: { for sender in senders { sender.flush() } }) { number, planned in
      senders[number % senders.count].sendOne(planned: planned)
    }
  }

  /// From the first message to the last one's acknowledgement, or arrival if the recipients are live.
  private func run(
    _ senders: [MessageSender], _ traffic: Traffic, _ server: LoadServer, _ shape: LoadShape, isLive: Bool
  ) async throws -> LoadFigures {
    let total = traffic.plan.perSender * senders.count
    let begin = ClockReading(server, at: now)
    var driver: OpenLoopDriver?
    if let rate = shape.rate {
      driver = self.driver(OpenLoop(begin: now, rate: rate, count: total), senders)
      driver?.run()
    } else {
      for sender in senders { sender.begin() }
    }
    let progress = { (isLive ? traffic.ledger.received : traffic.ledger.acknowledged, total) }
    let isDone = { senders.allSatisfy(\.isDone) && driver?.isDone ?? true }
    var unanswered = 0
    if try await !wait(shape.seconds, progress: progress, isDone) {
      traffic.isStopped = true
      driver?.stop()
      if try await !wait(3, isDone) { unanswered = senders.count { !$0.isDone } }
    }
    if isLive { _ = try await wait(3, progress: progress) { !traffic.ledger.isWaiting } }
    let end = isLive ? traffic.lastReceived : traffic.lastAcknowledged
    var measurement = begin.measurement(to: ClockReading(server, at: now), end: end)
    if isLive { try await rest() }  // what comes twice comes late
    measurement.operations = isLive ? traffic.ledger.received : traffic.ledger.acknowledged
    measurement.latency = (isLive ? traffic.deliveries : traffic.acknowledgements).percentiles
    measurement.isClosedLoop = shape.rate == nil
    if isLive { measurement.verdict = traffic.ledger.verdict }
    measurement.refusals = traffic.refusals
    measurement.broken = traffic.broken + unanswered
    return measurement
  }
}
