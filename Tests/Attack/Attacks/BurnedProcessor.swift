// Owns: the control: what the attacker's own use of the processor does to the figures.
// Must never: touch the cluster.
// Runs on: the attacker's thread.

/// Spins as hard as the hardest attack.
final class BurnedProcessor: Attack {
  static let name = "control"
  static let summary = "no attack: a thread that spins beside the cluster, as costly as the costliest attacker"
  let rest = 0
  private var number: UInt64 = 1

  init(_ arena: Arena) {}

  func step(_ swarm: Swarm, at now: Int) {
    for _ in 0..<10_000 { number = number &* 6_364_136_223_846_793_005 &+ 1 }
  }

  func findings(_ swarm: Swarm) -> [String] { number == 0 ? ["no number"] : [] }
}
