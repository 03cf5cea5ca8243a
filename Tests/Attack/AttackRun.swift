// Owns: one run: the people, then each attack between two quiet times.
// Must never: judge a figure (Report does), or leave a thread at work.
// Runs on: the main thread.
import Foundation
import Glibc
import Synchronization
import TestSupport

/// Set by SIGINT and SIGTERM.
let isInterrupted = Atomic<Bool>(false)

/// A run was ended from outside.
struct Interrupted: Error {}

/// One line of the table.
struct Row: Sendable {
  let kind: any Attack.Type
  let outcome: Outcome
  let figures: Figures
  let memory: Memory
  /// Seconds of the processor that the nodes used meanwhile.
  let nodesProcessor: Double
  /// What broke while it lasted.
  let crashes: [String]
}

/// Resident memory of all nodes in KiB. A password hash takes 32 MiB for as long as it is computed, so what a node keeps
/// is told from what it takes for a moment.
struct Memory: Sendable {
  /// The least in the quiet time before.
  let before: Int
  /// The least in the second half of the attack: what it makes the nodes keep.
  let held: Int
  /// The most.
  let peak: Int
}

/// What came of a run.
struct RunResult: Sendable {
  /// All quiet times together.
  let quiet: Figures
  let rows: [Row]
  /// What all password hashes together may take at once.
  let hashKiB: Int
  let leaks: [String]
}

/// People and attackers against a target.
final class AttackRun {
  private let target: Target
  private let accounts: Accounts
  private let seconds: Int
  private let cluster: Cluster?
  private let ledger = Ledger()
  private let progress = ProgressLine()
  /// The least memory in the last quiet time.
  private var calm = 0

  /// `cluster`: whose processes are looked after; `nil` if it is somebody else's.
  init(_ target: Target, _ accounts: Accounts, seconds: Int, cluster: Cluster?) {
    (self.target, self.accounts, self.seconds, self.cluster) = (target, accounts, seconds, cluster)
  }

  /// The quiet time before each attack, in seconds: half as long.
  private var pause: Int { max(seconds / 2, 1) }

  /// Runs it all; throws if the people can't log in, or on `Interrupted`.
  func run(_ kinds: [any Attack.Type]) throws -> RunResult {
    startPeople()
    defer {
      ledger.stop()
      progress.clear()
    }
    progress.total = kinds.count * (seconds + pause) + pause
    try wait(seconds: 60) { try ledger.isReady }
    guard try ledger.isReady else { throw TestFailure("the people can't log in in a minute") }
    var quiet = try beQuiet()
    var rows: [Row] = []
    for kind in kinds {
      rows.append(try suffer(kind))
      quiet = quiet + (try beQuiet())
    }
    return RunResult(
      quiet: quiet, rows: rows, hashKiB: target.hashKiB,
      leaks: cluster?.leaks(of: Secrets.all(accounts, tokens: ledger.tokens)) ?? [])
  }

  private func startPeople() {
    let (endpoint, accounts, ledger) = (target.plain, accounts, ledger)
    Thread { LegitimateClients(endpoint, accounts, ledger).run() }.start()
  }

  private func beQuiet() throws -> Figures {
    progress.what = "undisturbed"
    // What an attack has left behind is over before its neighbour is measured.
    try wait(milliseconds: 500) { false }
    ledger.begin()
    calm = target.residentKiB
    try wait(seconds: pause) {
      calm = min(calm, target.residentKiB)
      return false
    }
    return try settle()
  }

  private func suffer(_ kind: any Attack.Type) throws -> Row {
    progress.what = kind.name
    let endpoint = kind.needsTLS ? target.tls ?? target.plain : target.plain
    let arena = Arena(
      accounts: accounts, seconds: seconds, hashesAtOnce: target.hashesAtOnce, redisPort: target.redisPort)
    let processor = target.processorSeconds
    var (held, peak) = (Int.max, 0)
    let half = Moment.now() + seconds * 500_000_000
    ledger.begin()
    let attacker = Attacker(kind, arena, on: endpoint)
    try wait(seconds: seconds + 10) {
      let memory = target.residentKiB
      peak = max(peak, memory)
      if Moment.now() > half { held = min(held, memory) }
      return attacker.outcome != nil
    }
    guard let outcome = attacker.outcome else { throw TestFailure("\(kind.name) does not end") }
    let figures = try settle()
    return Row(
      kind: kind, outcome: outcome, figures: figures, memory: Memory(before: calm, held: held, peak: peak),
      nodesProcessor: target.processorSeconds - processor, crashes: cluster?.crashes() ?? [])
  }

  /// Each operation has ended, or has been given up.
  private func settle() throws -> Figures {
    ledger.end()
    try wait(seconds: 7) { ledger.isSettled }
    return ledger.last
  }

  private func wait(seconds: Int, _ isDone: () throws -> Bool) throws {
    try wait(milliseconds: seconds * 1000, isDone)
  }

  /// Looks every 50 ms.
  private func wait(milliseconds: Int, _ isDone: () throws -> Bool) throws {
    let end = Moment.now() + milliseconds * 1_000_000
    while Moment.now() < end {
      if isInterrupted.load(ordering: .relaxed) { throw Interrupted() }
      if try isDone() { return }
      progress.show()
      usleep(50_000)
    }
  }
}
