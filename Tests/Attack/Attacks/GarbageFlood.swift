// Owns: noise from nobody.
// Must never: make a word that is a command.
// Runs on: the attacker's thread.
import TestSupport

/// Random bytes, a line end here and there.
final class GarbageFlood: Attack {
  static let name = "garbage"
  static let summary = "16 connections without a login write random bytes as fast as they can"
  let rest = 1_000_000
  private let blocks: [[UInt8]]
  private var next = 0

  init(_ arena: Arena) {
    var random = SeededGenerator(seed: 5)
    blocks = (0..<16).map { _ in
      var block: [UInt8] = []
      while block.count < 32_768 {
        let length = Int.random(in: 1...200, using: &random)
        for _ in 0..<length { block.append(UInt8.random(in: 128...255, using: &random)) }
        block.append(10)
      }
      return block
    }
  }

  func begin(_ swarm: Swarm) {
    for index in 0..<16 { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    if case .ended(let peer) = event { connect(peer.role, swarm) }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for peer in swarm.open where peer.isConnected && peer.unsent == 0 {
      let block = blocks[next % blocks.count]
      next += 1
      swarm.totals.attempts += block.count { $0 == 10 }
      swarm.write(block, to: peer)
    }
  }

  func findings(_ swarm: Swarm) -> [String] { swarm.findings(forbidden: "OK") }

  private func connect(_ index: Int, _ swarm: Swarm) { swarm.connect(role: index, from: Source(host: 40)) }
}
