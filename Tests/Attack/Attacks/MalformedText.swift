// Owns: text that is none.
// Must never: be refused for another reason than the one it was made for.
// Runs on: the attacker's thread.

/// Broken UTF-8 and control characters in a command that would work without them, then one that works.
final class MalformedText: Attack {
  static let name = "malformed"
  static let summary =
    "broken UTF-8 and control characters on 16 connections; each must be refused, and ping still work"
  let rest = 1_000_000

  /// What stands behind `ping `, and the code that it deserves.
  private static let cases: [(bytes: [UInt8], code: String)] = [
    ([0xFF], "invalid_utf8"), ([0xC0, 0xAF], "invalid_utf8"), ([0xED, 0xA0, 0x80], "invalid_utf8"),
    ([0xE2, 0x82], "invalid_utf8"), ([0xF5, 0x80, 0x80, 0x80], "invalid_utf8"), ([0x80], "invalid_utf8"),
    ([0xF0, 0x80, 0x80, 0xAF], "invalid_utf8"), ([0xF4, 0x90, 0x80, 0x80], "invalid_utf8"),
    ([0x00], "control_character"), ([0x1B, 0x5B, 0x32, 0x4A], "control_character"), ([0x07], "control_character"),
    ([0x0D, 0x61], "control_character"), ([0xC2, 0x85, 0x61], "control_character"),
    ([], "OK"),
  ]
  private static let batch: [UInt8] = cases.flatMap { one -> [UInt8] in
    Array("ping ".utf8) + one.bytes + [0x0D, 0x0A]
  }
  private var wrong: [String: Int] = [:]

  init(_ arena: Arena) {}

  func begin(_ swarm: Swarm) {
    for index in 0..<16 { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer): ask(peer, swarm)
    case .answer(let peer, let answer):
      let wanted = Self.cases[peer.stage % Self.cases.count]
      // A bound on commands may answer first; then this one has said nothing.
      if answer.name != wanted.code, answer.code != "slow_down" {
        wrong["\(wanted.bytes) got \(answer.name)", default: 0] += 1
      }
      peer.stage += 1
      if peer.stage % Self.cases.count == 0 { ask(peer, swarm) }
    case .ended(let peer): connect(peer.role, swarm)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings() + wrong.map { "\($1) × \($0)" }
      + ((swarm.totals.answers["invalid_utf8"] ?? 0) > 0 ? [] : ["nothing was answered"])
  }

  private func connect(_ index: Int, _ swarm: Swarm) { swarm.connect(role: index, from: Source(host: 142)) }

  private func ask(_ peer: Peer, _ swarm: Swarm) {
    swarm.totals.attempts += Self.cases.count
    swarm.write(Self.batch, to: peer)
  }
}
