// Owns: users who ask as fast as they can.
// Must never: stop reading: that is another attack.
// Runs on: the attacker's thread.

/// Every attacker's account, logged in, pipelining.
final class CommandFlood: Attack {
  static let name = "command-flood"
  static let summary = "20 users who are logged in pipeline ping, send, inbox and user_aktif as fast as they can"
  let rest = 1_000_000
  private let arena: Arena

  init(_ arena: Arena) { self.arena = arena }

  func begin(_ swarm: Swarm) {
    for index in arena.accounts.attackers.indices { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer):
      swarm.write(line: "auth \(arena.accounts.attackers[peer.role]) \(arena.accounts.password)", to: peer)
    case .answer(let peer, let answer):
      if peer.stage == 0, answer.isOK { peer.stage = 1 }
    case .ended(let peer): connect(peer.role, swarm)
    }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for peer in swarm.open where peer.stage == 1 && peer.unsent == 0 {
      let other = arena.accounts.attackers[(peer.role + 1) % arena.accounts.attackers.count]
      let batch = "ping\r\nsend \(other) flood\r\ninbox\r\nuser_aktif\r\n"
      swarm.totals.attempts += 4 * 64
      swarm.write(String(repeating: batch, count: 64).utf8, to: peer)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings() + ((swarm.totals.answers["OK"] ?? 0) > 0 ? [] : ["not one login worked: nothing was tried"])
  }

  private func connect(_ index: Int, _ swarm: Swarm) { swarm.connect(role: index, from: Source(host: 10 + index)) }
}
