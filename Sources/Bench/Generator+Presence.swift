// Owns: the measurement of presence.
// Must never: count a change as told that a watcher was not told.
// Runs on: the generator's event loop.
import NIOCore

extension Generator {
  /// `connections` users log in and out, `rate` changes a second together, `operations` in all, while `receivers` watch them
  /// all. An operation is a change; its time is the delay from when it was planned until a watcher has it.
  package func presence(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape
  ) async throws -> LoadFigures {
    let requests = LoadRequests(server.wire, accounts: accounts, payload: 0, isPublished: false, tagRun: nil)
    let churn = PresenceChurn(requests, users: shape.connections)
    let connector = Connector(server, on: eventLoop)
    let users = (0..<shape.connections).map { ChurningUser($0, churn) }
    let watchers = (shape.connections..<shape.connections + shape.receivers).map { PresenceWatcher($0, churn) }
    for role in users as [any ConnectionRole] + watchers { connector.open(role) }
    guard try await wait(10, { churn.ready + churn.broken >= users.count + watchers.count }), churn.broken == 0 else {
      throw LoadFailure("only \(churn.ready) of \(users.count + watchers.count) connections could be made")
    }
    try await rest(1.5)
    var measurement = try await run(users, watchers.count, churn, server, shape)
    measurement.refusals = churn.refusals
    measurement.broken = churn.broken
    for user in users { user.end() }
    for watcher in watchers { watcher.end() }
    return measurement
  }

  private func run(
    _ users: [ChurningUser], _ watchers: Int, _ churn: PresenceChurn, _ server: LoadServer, _ shape: LoadShape
  ) async throws -> LoadFigures {
    let begin = ClockReading(server, at: now)
    let schedule = OpenLoop(begin: now, rate: shape.rate ?? Double(users.count) / 4, count: shape.operations)
    let driver = OpenLoopDriver(schedule, on: eventLoop) { users[$0 % users.count].change(planned: $1) }
    driver.run()
    let progress = { (churn.changed, shape.operations) }
    let isDone = { driver.isDone && users.allSatisfy(\.isDone) }
    var unanswered = 0
    if try await !wait(shape.seconds, progress: progress, isDone) {
      driver.stop()
      if try await !wait(5, isDone) { unanswered = users.count { !$0.isDone } }
    }
    _ = try await wait(5) { churn.told >= churn.changed * watchers }
    var measurement = begin.measurement(to: ClockReading(server, at: now), end: max(churn.lastTold, begin.time))
    measurement.operations = churn.changed
    measurement.latency = churn.delays.percentiles
    measurement.isClosedLoop = false
    measurement.verdict.lost = max(0, churn.changed * watchers - churn.told)
    churn.broken += unanswered
    return measurement
  }
}
