// Owns: guessing passwords, from one address and from many.
// Must never: try the right one: a login would be its own fault.
// Runs on: the attacker's thread.

/// Connections that guess, each as fast as it is answered.
class Guesser {
  /// Wrong passwords an address may give for one account before it waits; for all accounts four times as many.
  static let free = 5

  let arena: Arena
  private let connections: Int
  private let sources: [Source]
  private var guesses = 0

  init(_ arena: Arena, connections: Int, sources: [Source]) {
    (self.arena, self.connections, self.sources) = (arena, connections, sources)
  }

  /// Whom the guess is about.
  func account(_ guess: Int) -> String { arena.accounts.victim }

  func begin(_ swarm: Swarm) {
    for index in 0..<connections { connect(index, swarm) }
  }

  func handle(_ event: Swarm.Event, _ swarm: Swarm) {
    switch event {
    case .opened(let peer), .answer(let peer, _): guess(peer, swarm)
    case .ended(let peer): connect(peer.role, swarm)
    }
  }

  func step(_ swarm: Swarm, at now: Int) {}

  /// `bound`: how many guesses of all may have been looked at.
  func findings(_ swarm: Swarm, bound: Int?) -> [String] {
    var found = swarm.findings(forbidden: "OK")
    if let bound, let hashed = swarm.totals.answers["auth_failed"], hashed > bound {
      found.append("\(hashed) guesses were looked at, more than \(bound)")
    }
    return found
  }

  /// How often one address may be wrong: what is free, what is under way at once, and one for each wait of 1, 2, 4, … s.
  func bound(free: Int) -> Int {
    var waits = 0
    while (1 << waits) - 1 < arena.seconds { waits += 1 }
    return free + waits
  }

  private func connect(_ index: Int, _ swarm: Swarm) {
    swarm.connect(role: index, from: sources[index % sources.count])
  }

  private func guess(_ peer: Peer, _ swarm: Swarm) {
    guesses += 1
    swarm.totals.attempts += 1
    swarm.write(line: "auth \(account(guesses)) \(Secrets.guess)\(guesses)", to: peer)
  }
}

/// The plain case.
final class GuessOneAccount: Guesser, Attack {
  static let name = "guess-one-account"
  static let summary = "32 connections from one address guess the password of one account, which is in use"

  init(_ arena: Arena) { super.init(arena, connections: 32, sources: [Source(host: 2)]) }

  func findings(_ swarm: Swarm) -> [String] {
    findings(swarm, bound: bound(free: Self.free) + arena.hashesAtOnce)
  }
}

/// Another account each time.
final class GuessAllAccounts: Guesser, Attack {
  static let name = "guess-all-accounts"
  static let summary = "32 connections from one address guess the passwords of all accounts in turn"

  init(_ arena: Arena) { super.init(arena, connections: 32, sources: [Source(host: 3)]) }

  override func account(_ guess: Int) -> String { arena.accounts.all[guess % arena.accounts.all.count] }

  func findings(_ swarm: Swarm) -> [String] {
    findings(swarm, bound: bound(free: 4 * Self.free) + arena.hashesAtOnce)
  }
}

/// A small botnet.
final class GuessFromManyAddresses: Guesser, Attack {
  static let name = "guess-many-addresses"
  static let summary = "100 addresses guess the password of one account, which is in use"
  static let isHashing = true
  private static let addresses = 100

  init(_ arena: Arena) {
    super.init(
      arena, connections: Self.addresses, sources: (0..<Self.addresses).map { Source(net: 1, host: 1 + $0) })
  }

  func findings(_ swarm: Swarm) -> [String] {
    findings(swarm, bound: Self.addresses * bound(free: Self.free) + arena.hashesAtOnce)
  }
}

/// Wants the processor's time, not an account.
final class HashStorm: Guesser, Attack {
  static let name = "hash-storm"
  static let summary = "200 connections from 100 addresses log in as users that don't exist, another one each time"
  static let isHashing = true
  private static let addresses = 100

  init(_ arena: Arena) {
    super.init(
      arena, connections: 2 * Self.addresses, sources: (0..<Self.addresses).map { Source(net: 2, host: 1 + $0) })
  }

  override func account(_ guess: Int) -> String { "nobody-\(guess)" }

  func findings(_ swarm: Swarm) -> [String] {
    findings(swarm, bound: Self.addresses * bound(free: 4 * Self.free) + arena.hashesAtOnce)
  }
}
