// Owns: lines at the limit and far beyond it.
// Must never: take a refusal for granted: each answer is compared with what its line deserves.
// Runs on: the attacker's thread.

/// Lines of 8191, 8192 and 8193 bytes.
final class GiantLines: Attack {
  static let name = "giant-lines"
  static let summary = "lines of 8191 and 8192 bytes, which must be answered, and of 8193, which must close"
  let rest = 1_000_000
  private static let limit = 8192
  private var wrong: [String: Int] = [:]

  init(_ arena: Arena) {}

  func begin(_ swarm: Swarm) {
    for index in 0..<12 { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer): ask(peer, swarm)
    case .answer(let peer, let answer):
      let wanted = length(peer) > Self.limit ? "line_too_long" : "OK"
      if answer.name != wanted { wrong["\(length(peer)) bytes got \(answer.name)", default: 0] += 1 }
      peer.stage += 1
      if length(peer) <= Self.limit { ask(peer, swarm) }
    case .ended(let peer):
      if length(peer) <= Self.limit { wrong["\(length(peer)) bytes were closed", default: 0] += 1 }
      connect(peer.role, swarm)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    let tried = (swarm.totals.answers["OK"] ?? 0) > 0 && (swarm.totals.answers["line_too_long"] ?? 0) > 0
    return swarm.findings() + wrong.map { "\($1) × \($0)" } + (tried ? [] : ["no answer to one kind of line"])
  }

  private func length(_ peer: Peer) -> Int { Self.limit - 1 + peer.role % 3 }

  private func connect(_ index: Int, _ swarm: Swarm) { swarm.connect(role: index, from: Source(host: 140)) }

  private func ask(_ peer: Peer, _ swarm: Swarm) {
    swarm.totals.attempts += 1
    swarm.write("ping".utf8 + [UInt8](repeating: 0x20, count: length(peer) - 4) + [13, 10], to: peer)
  }
}

/// A gigabyte without a line end.
final class EndlessLine: Attack {
  static let name = "endless-line"
  static let summary = "8 connections write a line of a gigabyte, and begin again when they are closed"
  let rest = 1_000_000
  /// What both kernels may hold of a connection that the node has given up.
  private static let buffered = 16 << 20
  private static let block = [UInt8](repeating: UInt8(ascii: "a"), count: 64 * 1024)
  private var longest = 0

  init(_ arena: Arena) {}

  func begin(_ swarm: Swarm) {
    for index in 0..<8 { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    if case .ended(let peer) = event { connect(peer.role, swarm) }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for peer in swarm.open where peer.isConnected {
      longest = max(longest, peer.bytesOut)
      if peer.unsent == 0, peer.bytesOut < 1 << 30 { swarm.write(Self.block, to: peer) }
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings(forbidden: "OK")
      + (longest > Self.buffered ? ["\(longest) bytes of one line were taken"] : [])
      + (swarm.totals.ended > 0 ? [] : ["not one connection was closed"])
  }

  private func connect(_ index: Int, _ swarm: Swarm) {
    swarm.totals.attempts += 1
    swarm.connect(role: index, from: Source(host: 141))
  }
}
