// Owns: TLS handshakes that never end.
// Must never: verify a certificate: it wants nothing but the node's time and memory.
// Runs on: the attacker's thread.

/// Nothing, half a ClientHello, a record that says it is long, and plain text.
final class HalfHandshakes: Attack {
  static let name = "half-tls"
  static let summary = "500 connections from 10 addresses to the TLS port begin a handshake and go no further"
  static let needsTLS = true
  let rest = 50_000_000

  init(_ arena: Arena) {}

  func begin(_ swarm: Swarm) {
    for index in 0..<500 { swarm.connect(role: index, from: Source(host: 70 + index % 10)) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer):
      swarm.totals.attempts += 1
      swarm.write(Self.beginnings[peer.role % Self.beginnings.count], to: peer)
    case .answer: break
    case .ended(let peer):
      // Plain text is refused at once: again, but not as a churn.
      if Moment.now() - peer.openedAt > 1_000_000_000 {
        swarm.connect(role: peer.role, from: Source(host: 70 + peer.role % 10))
      }
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings(forbidden: "OK") + swarm.keptTooLong("half handshakes")
  }

  private static let beginnings: [[UInt8]] = [
    [],
    // A record of 512 bytes with a ClientHello of 508, of which 40 bytes come.
    [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + [UInt8](repeating: 7, count: 34),
    // The longest record there is, all but its last byte.
    [0x16, 0x03, 0x01, 0x40, 0x00, 0x01, 0x00, 0x3F, 0xFC, 0x03, 0x03] + [UInt8](repeating: 0, count: 16_377),
    Array("auth arini hehe\r\n".utf8),
  ]
}
