// Owns: which fault happens when, as far as a seed decides it.
// Must never: do anything: it is a list.
// Runs on: any thread; a pure value.
import TestSupport

/// What can be done to a cluster.
enum FaultKind: String, CaseIterable, Sendable {
  case killNode = "kill -9 of a node"
  case killRedis = "kill -9 of Redis"
  case stopNode = "SIGSTOP of a node"
  case stopRedis = "SIGSTOP of Redis"
  case dropConnections = "Redis connections dropped"
  case delay = "Redis traffic delayed"
  case swallow = "Redis connections half open"
  case flushScripts = "SCRIPT FLUSH"
  case killClients = "CLIENT KILL"
  case killSubscribers = "CLIENT KILL of subscribers"
  case fillMemory = "memory full"

  /// How often it is chosen, relative to the others.
  var weight: Int {
    switch self {
    case .killNode, .dropConnections: 4
    case .stopNode, .delay, .swallow, .flushScripts, .killClients, .killSubscribers: 3
    case .killRedis, .stopRedis, .fillMemory: 2
    }
  }

  /// How often it happens at least, per minute.
  var leastPerMinute: Int {
    switch self {
    case .killNode: 12
    case .killRedis: 4
    case .fillMemory: 3
    default: 1
    }
  }

  /// How long it lasts, in milliseconds.
  var duration: ClosedRange<Int> {
    switch self {
    case .killNode, .dropConnections, .flushScripts, .killClients, .killSubscribers: 0...0
    case .killRedis: 100...1200
    case .stopNode, .stopRedis: 500...4000
    case .delay, .swallow: 1000...4000
    case .fillMemory: 1000...2000
    }
  }
}

/// One fault of a plan.
struct PlannedFault: Sendable, Equatable, CustomStringConvertible {
  var kind: FaultKind
  /// Milliseconds after the beginning.
  var at: Int
  /// Milliseconds.
  var duration: Int
  /// Which node, where it is about one.
  var node: Int
  /// For `delay`: milliseconds in each direction.
  var lag: Int

  /// In words.
  var description: String {
    switch kind {
    case .killNode, .dropConnections: "\(kind.rawValue), node \(node)"
    case .stopNode, .swallow: "\(kind.rawValue), node \(node), for \(duration) ms"
    case .delay: "\(kind.rawValue), node \(node), by \(lag) ms for \(duration) ms"
    case .killRedis, .stopRedis, .fillMemory: "\(kind.rawValue), for \(duration) ms"
    case .flushScripts, .killClients, .killSubscribers: kind.rawValue
    }
  }
}

/// The faults of a run, earliest first.
struct FaultPlan: Sendable, Equatable {
  let faults: [PlannedFault]

  /// About `perMinute` faults over `seconds`, none in the first half second, the kinds chosen by their weights after
  /// each has what it needs at least.
  init(seed: UInt64, seconds: Int, nodes: Int, perMinute: Int) {
    var random = SeededGenerator(seed: seed)
    let count = perMinute * seconds / 60
    var kinds: [FaultKind] = []
    for kind in FaultKind.allCases {
      kinds += Array(repeating: kind, count: (kind.leastPerMinute * seconds + 30) / 60)
    }
    let urn = FaultKind.allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    kinds = Array(kinds.shuffled(using: &random).prefix(max(count, 0)))
    while kinds.count < count, let kind = urn.randomElement(using: &random) { kinds.append(kind) }
    let end = max(seconds * 1000, 1001)
    faults = kinds.map { kind in
      PlannedFault(
        kind: kind, at: Int.random(in: 500..<end, using: &random),
        duration: Int.random(in: kind.duration, using: &random), node: Int.random(in: 0..<nodes, using: &random),
        lag: Int.random(in: 50...800, using: &random))
    }.sorted { $0.at < $1.at }
  }
}
