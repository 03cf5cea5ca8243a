// Owns: users who ask for much and read nothing.
// Must never: read, once it has begun.
// Runs on: the attacker's thread.

/// A user with 60 long messages in the inbox asks for them, over and over.
final class NeverReading: Attack {
  static let name = "never-read"
  static let summary = "20 users ask for full inboxes, help and user_aktif as fast as they can and read nothing"
  let rest = 1_000_000
  private static let messages = 60
  private let arena: Arena

  init(_ arena: Arena) { self.arena = arena }

  func begin(_ swarm: Swarm) {
    for index in arena.accounts.attackers.indices {
      swarm.connect(role: index, from: Source(host: 80 + index))
    }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer):
      let name = arena.accounts.attackers[peer.role]
      let text = String(repeating: "x", count: 4000)
      swarm.write(line: "auth \(name) \(arena.accounts.password)", to: peer)
      swarm.write(String(repeating: "send \(name) \(text)\r\n", count: Self.messages).utf8, to: peer)
    case .answer(let peer, _):
      peer.stage += 1
      if peer.stage == 1 + Self.messages { swarm.stopReading(peer) }
    case .ended: break  // closed for good: that is what it should get
    }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for peer in swarm.open where peer.stage > Self.messages && peer.unsent == 0 {
      swarm.totals.attempts += 3 * 64
      swarm.write(String(repeating: "inbox\r\nhelp\r\nuser_aktif\r\n", count: 64).utf8, to: peer)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings() + (swarm.totals.attempts > 0 ? [] : ["not one login worked: nothing was tried"])
  }
}

/// Users who listen and don't read what comes.
final class NeverReadingListeners: Attack {
  static let name = "never-read-listen"
  static let summary = "10 users listen, read nothing and ask on, while 10 others send them long messages"
  let rest = 1_000_000
  private let arena: Arena
  private let listeners: Int

  init(_ arena: Arena) {
    self.arena = arena
    listeners = arena.accounts.attackers.count / 2
  }

  func begin(_ swarm: Swarm) {
    for index in arena.accounts.attackers.indices {
      swarm.connect(role: index, from: Source(host: 110 + index))
    }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer):
      swarm.write(line: "auth \(arena.accounts.attackers[peer.role]) \(arena.accounts.password)", to: peer)
    case .answer(let peer, let answer):
      if peer.stage == 0, answer.isOK { loggedIn(peer, swarm) }
    case .ended: break
    }
  }

  func step(_ swarm: Swarm, at now: Int) {
    for peer in swarm.open where peer.stage == 1 && peer.unsent == 0 {
      if peer.role < listeners {
        swarm.write(String(repeating: "help\r\nuser_aktif\r\n", count: 64).utf8, to: peer)
      } else {
        let text = String(repeating: "y", count: 4000)
        swarm.totals.attempts += 8
        let line = "send \(arena.accounts.attackers[peer.role - listeners]) \(text)\r\n"
        swarm.write(String(repeating: line, count: 8).utf8, to: peer)
      }
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    swarm.findings() + (swarm.totals.attempts > 0 ? [] : ["not one login worked: nothing was tried"])
  }

  private func loggedIn(_ peer: Peer, _ swarm: Swarm) {
    peer.stage = 1
    guard peer.role < listeners else { return }
    swarm.write(line: "listen", to: peer)
    swarm.stopReading(peer)
  }
}
