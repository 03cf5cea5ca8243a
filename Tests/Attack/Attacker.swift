// Owns: the thread of one attack: as much of the processor as it gets at the lowest useful priority, no more than one.
// Must never: outlast its time.
// Runs on: a thread of its own, nice 10.
import Foundation
import Glibc
import Synchronization

/// What an attack did and got.
struct Outcome: Sendable {
  var totals: Swarm.Totals
  /// Established connections at the end.
  var left: Int
  /// What it got that nobody must get.
  var findings: [String]
  /// The attacker's own use of the processor, in seconds.
  var processor: Double
}

/// Runs one attack.
final class Attacker: Sendable {
  private let result = Mutex<Outcome?>(nil)

  /// What came of it; `nil` while it lasts.
  var outcome: Outcome? { result.withLock { $0 } }

  /// Begins at once. The people beside it keep the normal priority: on a machine of two cores the attacker would
  /// otherwise measure itself.
  init(_ kind: any Attack.Type, _ arena: Arena, on endpoint: Endpoint) {
    Thread {
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
      let outcome = Self.run(kind, arena, on: endpoint)
      self.result.withLock { $0 = outcome }
    }.start()
  }

  private static func run(_ kind: any Attack.Type, _ arena: Arena, on endpoint: Endpoint) -> Outcome {
    let swarm = Swarm(endpoint)
    let attack = kind.init(arena)
    let end = Moment.now() + arena.seconds * 1_000_000_000
    attack.begin(swarm)
    while !isInterrupted.load(ordering: .relaxed) {
      let now = Moment.now()
      guard now < end else { break }
      for event in swarm.turn(waiting: min(attack.rest, end - now)) { attack.handle(event, swarm) }
      attack.step(swarm, at: Moment.now())
    }
    let findings = attack.findings(swarm)
    let left = swarm.open.count(where: \.isConnected)
    for peer in Array(swarm.open) { swarm.close(peer, withReset: true) }
    return Outcome(totals: swarm.totals, left: left, findings: findings, processor: processorSeconds())
  }

  /// Of this thread.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
