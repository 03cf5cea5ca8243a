// Owns: a token that its owner has ended, on every node.
// Must never: try before the promised second is over: until then it may work.
// Runs on: the attacker's thread.

/// A thief holds connections with the token on every node when its owner logs out, and comes with new ones later.
final class EndedSession: Attack {
  static let name = "ended-session"
  static let summary = "a stolen token on 64 connections, over all nodes, 1 s after its owner has logged out"
  let rest = 10_000_000
  /// Each connection goes to one listener at random: that a node of three is missed has a chance of 1 in 10^11.
  private static let count = 64
  /// Roles: who logs in; connections from before the logout; those from after it.
  private static let owner = 0
  private static let holder = 1
  private static let latecomer = 2

  private let arena: Arena
  private var token = ""
  private var holders: [Peer] = []
  private var endedAt: Int?
  private var isTried = false
  private var round = 0
  private var tries = 0
  private var stolen = 0
  private var ownerPeer: Peer?

  init(_ arena: Arena) { self.arena = arena }

  func begin(_ swarm: Swarm) { startRound(swarm) }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer): opened(peer, swarm)
    case .answer(let peer, let answer):
      switch peer.role {
      case Self.owner: ownerHeard(answer, peer, swarm)
      case Self.holder: holderHeard(answer, peer, swarm)
      default: heard(answer)
      }
    case .ended: break
    }
  }

  func step(_ swarm: Swarm, at now: Int) {
    guard let endedAt else { return }
    if !isTried, now - endedAt > 1_000_000_000 {
      isTried = true
      for peer in holders where peer.isOpen { use(peer, swarm, lines: ["inbox", "user_aktif", "inbox \(token)"]) }
      for _ in 0..<Self.count { swarm.connect(role: Self.latecomer, from: Source(host: 150)) }
    } else if isTried, now - endedAt > 2_000_000_000 {
      startRound(swarm)
    }
  }

  func findings(_ swarm: Swarm) -> [String] {
    var found = swarm.findings()
    if stolen > 0 { found.append("\(stolen) requests with an ended token were carried out") }
    if tries == 0 { found.append("the token was never tried") }
    return found
  }

  private func startRound(_ swarm: Swarm) {
    for peer in Array(swarm.open) { swarm.close(peer) }
    (holders, endedAt, isTried) = ([], nil, false)
    round += 1
    ownerPeer = swarm.connect(role: Self.owner, from: Source(host: 150))
  }

  private func opened(_ peer: Peer, _ swarm: Swarm) {
    switch peer.role {
    case Self.owner:
      let name = arena.accounts.attackers[round % arena.accounts.attackers.count]
      swarm.write(line: "auth \(name) \(arena.accounts.password)", to: peer)
    case Self.holder: swarm.write(line: "resume \(token)", to: peer)
    default: use(peer, swarm, lines: ["resume \(token)", "inbox \(token)"])
    }
  }

  private func use(_ peer: Peer, _ swarm: Swarm, lines: [String]) {
    peer.stage = 2
    swarm.totals.attempts += lines.count
    for line in lines { swarm.write(line: line, to: peer) }
  }

  private func ownerHeard(_ answer: Answer, _ peer: Peer, _ swarm: Swarm) {
    if let fresh = answer.text(of: "tokenid") {
      token = fresh
      holders = (0..<Self.count).compactMap { _ in swarm.connect(role: Self.holder, from: Source(host: 150)) }
    } else if answer.isOK, peer.stage == 1 {
      endedAt = Moment.now()
    }
  }

  private func holderHeard(_ answer: Answer, _ peer: Peer, _ swarm: Swarm) {
    if peer.stage == 2 { return heard(answer) }
    peer.stage = 1
    let areReady = holders.allSatisfy { $0.stage == 1 || !$0.isOpen }
    if areReady, let owner = ownerPeer, owner.stage == 0 {
      owner.stage = 1
      swarm.write(line: "logout", to: owner)
    }
  }

  private func heard(_ answer: Answer) {
    guard answer.event == nil else { return }
    tries += 1
    if answer.isOK { stolen += 1 }
  }
}
