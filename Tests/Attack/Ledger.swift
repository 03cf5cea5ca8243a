// Owns: what the legitimate clients measured, phase by phase.
// Must never: lose an operation: each one that was planned ends as measured or as failed.
// Runs on: any thread.
import Synchronization

/// What a legitimate client does.
enum Operation: String, CaseIterable, Sendable, Codable {
  /// `send`, `inbox`, `ack` or `ping` on a connection that is logged in.
  case request
  /// A message to somebody who listens, from the planned time of the `send` until it was read.
  case push
  /// A new connection and its `resume`.
  case arrival
  /// A new connection and its `auth`, with a real hash.
  case login
}

/// What was measured in one phase.
struct Figures: Sendable {
  /// From the planned time to the answer, in nanoseconds.
  private(set) var latencies: [Operation: [Int]] = [:]
  /// Why something failed, and how often.
  fileprivate(set) var failures: [String: Int] = [:]
  fileprivate var underWay = 0

  /// Operations that failed.
  var failed: Int { failures.values.reduce(0, +) }

  /// Those that a node or Redis was too slow for, which a busy machine can cause; and those for which there is no excuse.
  var failuresByCause: (slow: [String: Int], other: [String: Int]) {
    let slow = failures.filter { failure in Self.slowReasons.contains { failure.key.hasSuffix($0) } }
    return (slow, failures.filter { slow[$0.key] == nil })
  }

  /// A push that was not sent has failed as a request already.
  private static let slowReasons = ["late", "unavailable", "outcome_unknown", Ledger.notSent, Ledger.overload]

  /// How many were measured.
  func count(_ operation: Operation) -> Int { latencies[operation]?.count ?? 0 }

  /// The time in milliseconds below which that share of the operations ended; `nil` if there was none.
  func percentile(_ share: Double, _ operation: Operation) -> Double? {
    guard let sorted = latencies[operation]?.sorted(), !sorted.isEmpty else { return nil }
    let rank = Int((Double(sorted.count) * share).rounded(.up))
    return Double(sorted[min(max(rank, 1), sorted.count) - 1]) / 1_000_000
  }

  fileprivate mutating func add(_ operation: Operation, _ nanoseconds: Int) {
    latencies[operation, default: []].append(nanoseconds)
  }

  /// Both together.
  static func + (left: Figures, right: Figures) -> Figures {
    var sum = left
    sum.latencies.merge(right.latencies) { $0 + $1 }
    sum.failures.merge(right.failures) { $0 + $1 }
    return sum
  }
}

/// Shared by the clients, who write, and the run, which reads.
final class Ledger: Sendable {
  /// How long an operation may take before it has failed, in nanoseconds.
  static let patience = 5_000_000_000

  /// Why a push has failed whose `send` was refused.
  static let notSent = "not sent"
  /// Refused by a node that had more to do than it could.
  static let overload = "overloaded"

  private struct State {
    var phases: [Figures] = []
    /// Whether new operations are planned.
    var isPlanning = false
    var isOver = false
    var tokens: [String] = []
    /// `nil`: the clients are not logged in yet.
    var start: Result<Void, TestFailureText>?
  }
  private let state = Mutex(State())

  /// What clients ask for before each operation: the phase it belongs to; `nil`: there is none now.
  var phase: Int? { state.withLock { $0.isPlanning ? $0.phases.count - 1 : nil } }
  /// The clients are to stop.
  var isOver: Bool { state.withLock { $0.isOver } }
  /// Whether all have logged in; throws if they can't.
  var isReady: Bool {
    get throws { try state.withLock { try $0.start?.get() } != nil }
  }

  func begin() {
    state.withLock {
      $0.phases.append(Figures())
      $0.isPlanning = true
    }
  }

  /// No more operations for this phase.
  func end() { state.withLock { $0.isPlanning = false } }
  /// Whether each operation of the last phase has ended.
  var isSettled: Bool { state.withLock { ($0.phases.last?.underWay ?? 0) == 0 } }
  /// What the last phase measured.
  var last: Figures { state.withLock { $0.phases.last ?? Figures() } }

  func stop() { state.withLock { $0.isOver = true } }
  func started(_ result: Result<Void, TestFailureText>) { state.withLock { $0.start = result } }

  /// Of the sessions of the clients: no log may hold one.
  var tokens: [String] { state.withLock { $0.tokens } }
  func note(token: String) { state.withLock { $0.tokens.append(token) } }

  func planned(in phase: Int) { state.withLock { $0.phases[phase].underWay += 1 } }

  func measured(_ operation: Operation, planned: Int, in phase: Int) {
    let time = Moment.now() - planned
    state.withLock {
      $0.phases[phase].underWay -= 1
      $0.phases[phase].add(operation, time)
    }
  }

  func failed(_ operation: Operation, _ reason: String, in phase: Int) {
    state.withLock {
      $0.phases[phase].underWay -= 1
      $0.phases[phase].failures["\(operation.rawValue): \(reason)", default: 0] += 1
    }
  }
}

/// Why the clients could not start.
struct TestFailureText: Error, CustomStringConvertible {
  let description: String
}
