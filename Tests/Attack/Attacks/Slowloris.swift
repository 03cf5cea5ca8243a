// Owns: connections that are held with as little as possible.
// Must never: end a line.
// Runs on: the attacker's thread.

/// One byte a second on each of many connections.
final class Slowloris: Attack {
  static let name = "slowloris"
  static let summary = "500 connections from 10 addresses write one byte a second and never end the line"
  let rest = 50_000_000
  private var lastByte = 0

  init(_ arena: Arena) {}

  func begin(_ swarm: Swarm) {
    for index in 0..<500 { swarm.connect(role: index, from: Source(host: 50 + index % 10)) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    // As soon as one is closed, another takes its place; not at once, or this would be the churn.
    if case .ended(let peer) = event, Moment.now() - peer.openedAt > 1_000_000_000 {
      swarm.connect(role: peer.role, from: Source(host: 50 + peer.role % 10))
    }
  }

  func step(_ swarm: Swarm, at now: Int) {
    guard now - lastByte > 1_000_000_000 else { return }
    lastByte = now
    for peer in swarm.open where peer.isConnected {
      swarm.totals.attempts += 1
      swarm.write([UInt8(ascii: "x")], to: peer)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings(forbidden: "OK") + swarm.keptTooLong("half lines")
  }
}

/// Not even a byte.
final class SilentConnections: Attack {
  static let name = "silent"
  static let summary = "5000 connections from 50 addresses say nothing"
  static let memoryBound = 48 * 1024
  let rest = 50_000_000
  private static let count = 5000
  private var started = 0

  init(_ arena: Arena) {}

  func step(_ swarm: Swarm, at now: Int) {
    // Not all in one moment: the queue of a listener is no matter here.
    for _ in 0..<min(250, Self.count - started) {
      swarm.connect(role: started, from: Source(net: 4, host: 1 + started % 50))
      started += 1
      swarm.totals.attempts += 1
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings(forbidden: "OK") + swarm.keptTooLong("silent connections")
  }
}
