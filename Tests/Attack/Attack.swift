// Owns: what an attack is.
// Must never: know the product's code: it has a socket, as anybody has.
// Runs on: the attacker's thread.

/// One way to do harm. It opens connections and answers what happens on them; the swarm counts.
protocol Attack: AnyObject, SendableMetatype {
  /// What `--only` calls it.
  static var name: String { get }
  /// One line for `--list`.
  static var summary: String { get }
  /// How much more memory all nodes together may keep while it lasts, in KiB. On top of it comes what hashes take.
  static var memoryBound: Int { get }
  /// Whether it keeps the nodes hashing, so that the memory of hashes never goes away.
  static var isHashing: Bool { get }
  /// Whether it goes to the port with TLS.
  static var needsTLS: Bool { get }
  /// Nanoseconds that a turn waits when nothing happens; 0: it never rests.
  var rest: Int { get }

  init(_ arena: Arena)
  /// Called once, before the first turn.
  func begin(_ swarm: Swarm)
  /// Something happened on a connection.
  func handle(_ event: Swarm.Event, _ swarm: Swarm)
  /// Called in each turn, after what has happened.
  func step(_ swarm: Swarm, at now: Int)
  /// What it got that nobody must get, in words; called once, at the end.
  func findings(_ swarm: Swarm) -> [String]
}

extension Attack {
  static var memoryBound: Int { 32 * 1024 }
  static var isHashing: Bool { false }
  static var needsTLS: Bool { false }
  var rest: Int { 5_000_000 }
  func begin(_ swarm: Swarm) {}
  func handle(_ event: Swarm.Event, _ swarm: Swarm) {}
  func step(_ swarm: Swarm, at now: Int) {}
}

/// What every attack is told.
struct Arena: Sendable {
  let accounts: Accounts
  /// How long it lasts, in seconds.
  let seconds: Int
  /// Passwords that all nodes may hash at the same time.
  let hashesAtOnce: Int
  /// What must not happen to Redis is asked there; `nil`: it can't be asked.
  let redisPort: Int?
}

/// Every attack, in the order of a run.
enum Catalogue {
  static let all: [any Attack.Type] = [
    BurnedProcessor.self,
    GuessOneAccount.self, GuessAllAccounts.self, GuessFromManyAddresses.self, HashStorm.self,
    CommandFlood.self, GarbageFlood.self,
    Slowloris.self, SilentConnections.self, ConnectionChurn.self, HalfHandshakes.self,
    NeverReading.self, NeverReadingListeners.self,
    GiantLines.self, EndlessLine.self, MalformedText.self,
    EndedSession.self, ForgedProxyHeader.self,
  ]

  static func named(_ name: String) -> (any Attack.Type)? { all.first { $0.name == name } }
}

extension Swarm {
  /// What every attack must not get: an answer that is none, or one of these.
  func findings(forbidden names: String...) -> [String] {
    (names + ["malformed"]).compactMap { name in
      totals.answers[name].map { "\($0) × \(name)" }
    }
  }

  /// Connections that a node has kept though nobody logged in on them.
  func keptTooLong(_ what: String) -> [String] {
    let bound = Patience.toLogIn
    let now = Moment.now()
    let kept = open.count { $0.isConnected && now - $0.openedAt > bound }
    return kept == 0 ? [] : ["\(kept) \(what) were kept for more than \(bound / 1_000_000_000) s without a login"]
  }
}

/// What a node promises about time, with a margin for a busy machine.
enum Patience {
  /// Time to log in: 10 s.
  static let toLogIn = 13_000_000_000
}
