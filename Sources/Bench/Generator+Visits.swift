// Owns: the measurements of connections: logins, resumptions, idle ones.
// Must never: hold connections open behind its end.
// Runs on: the generator's event loop.
import NIOCore

extension Generator {
  /// A connection and a login (or, without a password, a resumption) per operation, `connections` at a time.
  package func visits(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape, isLogin: Bool
  ) async throws -> LoadFigures {
    let visits = Visits(
      isLogin ? .login : .resume, wire: server.wire, requests: requests(server, accounts),
      accounts: Array(accounts.indices),
      count: shape.operations, connector: Connector(server, on: eventLoop))
    try await rest()
    return try await run(visits, server, shape, atATime: shape.connections)
  }

  /// `operations` connections that are bound to a session and do nothing: what they cost and what they hold.
  package func idle(
    _ server: LoadServer, _ accounts: [LoadAccount], _ shape: LoadShape
  ) async throws -> LoadFigures {
    let visits = Visits(
      .stay, wire: server.wire, requests: requests(server, accounts), accounts: Array(accounts.indices),
      count: shape.operations, connector: Connector(server, on: eventLoop))
    try await rest(0.5)
    // Of a cluster the nodes hold connections; the bare Redis does so itself.
    let holders = server.nodes.isEmpty ? server.processes : server.nodes
    let before = ProcessorTime.residentBytes(of: holders)
    var measurement = try await run(visits, server, shape, atATime: min(shape.connections, 64))
    try await rest(3)
    let after = ProcessorTime.residentBytes(of: holders)
    if let before, let after, !holders.isEmpty, visits.done > 0 {
      measurement.bytesPerConnection = (Double(after) - Double(before)) / Double(visits.done)
    }
    measurement.broken = visits.broken
    visits.end()
    try await rest(0.5)
    return measurement
  }

  private func requests(_ server: LoadServer, _ accounts: [LoadAccount]) -> LoadRequests {
    LoadRequests(server.wire, accounts: accounts, payload: 0, isPublished: false, tagRun: nil)
  }

  private func run(
    _ visits: Visits, _ server: LoadServer, _ shape: LoadShape, atATime: Int
  ) async throws -> LoadFigures {
    let begin = ClockReading(server, at: now)
    visits.begin(atATime: atATime)
    if try await !wait(shape.seconds, progress: { (visits.done, shape.operations) }, { visits.isDone }) {
      visits.isStopped = true
      if try await !wait(5, { visits.isDone }) { visits.broken += 1 }
    }
    var measurement = begin.measurement(to: ClockReading(server, at: now), end: visits.lastDone)
    measurement.operations = visits.done
    measurement.latency = visits.latency.percentiles
    measurement.refusals = visits.refusals
    measurement.broken = visits.broken
    return measurement
  }
}
