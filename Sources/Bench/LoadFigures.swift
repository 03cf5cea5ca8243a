// Owns: the figures of one measurement.
// Must never: be rounded here.
// Runs on: any thread (values).

/// What one measurement found.
package struct LoadFigures: Sendable {
  /// Operations that were done: messages acknowledged, received or collected, logins, changes.
  package var operations = 0
  /// From the first request to the last answer, in seconds.
  package var seconds = 0.0
  /// Processor time of all nodes together (0 for a bare Redis), and of Redis, in nanoseconds; nil if they don't run on this machine.
  package var nodesTime: UInt64?
  package var redisTime: UInt64?
  /// The generator's own processor time, in nanoseconds.
  package var generatorTime: UInt64 = 0
  /// How long an operation took; from its planned time in an open loop.
  package var latency = Latency().percentiles
  /// Whether the next operation waited for an answer, so that a server that stands still is asked less.
  package var isClosedLoop = true
  /// What became of the messages.
  package var verdict = MessageLedger.Verdict()
  /// Replies that were no OK.
  package var refusals = Refusals()
  /// Connections that ended too early, and operations that never got an answer.
  package var broken = 0
  /// Resident memory that a connection took, in bytes.
  package var bytesPerConnection: Double?

  /// How an overload was stood; nil for other workloads.
  package var overload: Overload?

  /// Nothing measured.
  package init() {}

  /// Processor time of the nodes and Redis together for each operation, in nanoseconds.
  package var timePerOperation: Double? {
    guard operations > 0, let nodesTime, let redisTime else { return nil }
    return Double(nodesTime + redisTime) / Double(operations)
  }

  /// Processor time of the generator for each operation, in nanoseconds.
  package var generatorTimePerOperation: Double? { operations > 0 ? Double(generatorTime) / Double(operations) : nil }

  /// Operations a second.
  package var rate: Double { seconds > 0 ? Double(operations) / seconds : 0 }

  /// How much of one core the generator took.
  package var generatorShare: Double { seconds > 0 ? Double(generatorTime) / 1e9 / seconds : 0 }

  /// Every message arrived once, whole and in order, nothing was refused (but by a server that was overloaded on purpose, and
  /// that is over it) and nothing broke.
  package var isClean: Bool {
    let isRefusalRight =
      overload.map { $0.recovery != nil && refusals.areOnly(Overload.refusals) } ?? (refusals == Refusals())
    return verdict.isClean && isRefusalRight && broken == 0 && operations > 0
  }
}

/// The clocks at one moment.
struct ClockReading {
  let time: UInt64
  let nodes: UInt64?
  let redis: UInt64?
  let own: UInt64

  init(_ server: LoadServer, at time: UInt64) {
    self.time = time
    nodes = server.nodeCount == 0 ? 0 : server.nodes.isEmpty ? nil : ProcessorTime.nanoseconds(of: server.nodes)
    redis = server.redis.flatMap { ProcessorTime.nanoseconds(of: $0) }
    own = ProcessorTime.own
  }

  /// What was used since this reading; the wall clock runs to `end`.
  func measurement(to later: ClockReading, end: UInt64) -> LoadFigures {
    var measurement = LoadFigures()
    measurement.seconds = end > time ? Double(end - time) / 1e9 : 0
    measurement.nodesTime = Self.difference(nodes, later.nodes)
    measurement.redisTime = Self.difference(redis, later.redis)
    measurement.generatorTime = later.own - own
    return measurement
  }

  private static func difference(_ first: UInt64?, _ second: UInt64?) -> UInt64? {
    guard let first, let second, second >= first else { return nil }
    return second - first
  }
}
