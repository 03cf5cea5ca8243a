// Owns: PROXY headers from somebody who is no proxy.
// Must never: come from an address that the cluster trusts.
// Runs on: the attacker's thread.
import TestSupport

/// Says with each guess that it is somebody else.
final class ForgedProxyHeader: Attack {
  static let name = "forged-proxy"
  static let summary = "guesses behind PROXY headers, versions 1 and 2, that name another client each time"

  private let arena: Arena
  private let bound: Int
  private var guesses = 0
  private var logins = 0

  init(_ arena: Arena) {
    self.arena = arena
    bound = Guesser(arena, connections: 0, sources: []).bound(free: Guesser.free) + arena.hashesAtOnce
  }

  func begin(_ swarm: Swarm) {
    for index in 0..<16 { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer): guess(peer, swarm)
    case .answer(let peer, let answer):
      if answer.text(of: "tokenid") != nil { logins += 1 }
      // A header of version 1 is refused, then the guess behind it is answered. One of version 2 holds the line `QUIT`
      // (so that servers which don't know it end the connection), and that is what happens.
      guard ["auth_failed", "too_many_attempts", "busy"].contains(answer.code) else { return }
      swarm.close(peer)
      connect(peer.role, swarm)
    case .ended(let peer): connect(peer.role, swarm)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    var found = swarm.findings()
    if logins > 0 { found.append("\(logins) logins") }
    let hashed = swarm.totals.answers["auth_failed"] ?? 0
    if hashed > bound { found.append("\(hashed) guesses were looked at, more than \(bound)") }
    guard let port = arena.redisPort else { return found }
    let counted = (0..<256).count { Self.isCounted("203.0.113.\($0)", port) }
    if counted > 0 { found.append("\(counted) invented addresses were believed") }
    return found
  }

  private static func isCounted(_ address: String, _ port: Int) -> Bool {
    guard let socket = try? TCPSocket(port: port) else { return true }
    try? socket.write("EXISTS kabar:attempts:\(address)\r\n".utf8)
    let reply = (try? socket.read()) ?? []
    return !reply.starts(with: ":0".utf8)
  }

  private func connect(_ index: Int, _ swarm: Swarm) { swarm.connect(role: index, from: Source(net: 3, host: 1)) }

  private func guess(_ peer: Peer, _ swarm: Swarm) {
    guesses += 1
    swarm.totals.attempts += 1
    if peer.role % 2 == 0 {
      swarm.write(line: "PROXY TCP4 203.0.113.\(guesses % 256) 192.0.2.1 40000 8889", to: peer)
    } else {
      let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
      let client: [UInt8] = [203, 0, 113, UInt8(guesses % 256), 192, 0, 2, 1, 0x9C, 0x40, 0x22, 0xB9]
      swarm.write(signature + [0x21, 0x11, 0, 12] + client + [0x0A], to: peer)
    }
    swarm.write(line: "auth \(arena.accounts.victim) \(Secrets.guess)\(guesses)", to: peer)
  }
}
