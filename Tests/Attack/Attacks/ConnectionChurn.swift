// Owns: connections that are gone as soon as they are there.
// Must never: have more than a few hundred under way: the kernel's queue would be the victim, not the node.
// Runs on: the attacker's thread.

/// Opens and closes, by turns in order and with a reset.
final class ConnectionChurn: Attack {
  static let name = "churn"
  static let summary = "opens and closes connections from 50 addresses as fast as it can"
  let rest = 1_000_000
  private var number = 0

  init(_ arena: Arena) {}

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    if case .opened(let peer) = event { swarm.close(peer, withReset: peer.role % 2 == 0) }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for _ in 0..<max(0, 200 - swarm.open.count) {
      number += 1
      swarm.totals.attempts += 1
      swarm.connect(role: number, from: Source(net: 5, host: 1 + number % 50))
    }
  }

  func findings(_ swarm: Swarm) -> [String] { swarm.findings(forbidden: "OK") }
}
