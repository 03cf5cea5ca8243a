// Owns: what this client wants to be told, what the server has agreed to on the present connection, what is to be asked for.
// Must never: send anything.
// Runs on: a value; belongs to its client.

/// The difference between what is wanted and what the present connection gives.
struct Subscriptions {
  /// Whose presence is told.
  enum Watched: Equatable, Sendable {
    /// In order of being named, each once.
    case users([String])
    case everyone

    static let nobody = Watched.users([])
  }

  enum Step: Equatable, Sendable {
    case listen
    case unwatch
    /// The request lines: many names take several.
    case watch(Watched, lines: [String])
  }

  /// Names on one line of `watch`: 33 bytes each stay within a request line.
  static let namesPerLine = 200

  private(set) var wantsMessages = false
  private var wanted = Watched.nobody
  private var isListening = false
  private var applied = Watched.nobody
  /// Watching was asked for again: that answers with a new snapshot.
  private var wantsSnapshot = false

  /// Whether anybody is watched.
  var wantsPresence: Bool { wanted != .nobody }

  /// What to ask the server for next; nil if all is as wanted.
  var next: Step? {
    if !isListening { return wantsMessages || wanted != .nobody ? .listen : nil }
    if wanted == applied, !wantsSnapshot { return nil }
    // A watch adds to what is watched, so anything else than more begins anew.
    if !Self.extends(wanted, applied) { return .unwatch }
    return .watch(wanted, lines: Self.lines(wanted))
  }

  /// Messages shall come. False if they were wanted already.
  mutating func wantMessages() -> Bool {
    defer { wantsMessages = true }
    return !wantsMessages
  }

  /// These users, too.
  mutating func watch(_ users: [String]) {
    guard case .users(let names) = wanted else { return }
    wantsSnapshot = true
    var known = Set(names)
    wanted = .users(names + users.filter { known.insert($0).inserted })
  }

  mutating func watchEveryone() { (wanted, wantsSnapshot) = (.everyone, true) }

  mutating func unwatch() { (wanted, wantsSnapshot) = (.nobody, false) }

  /// How many users are watched by name.
  var watchedNames: Int { if case .users(let names) = wanted { names.count } else { 0 } }

  /// The server has agreed to a step.
  mutating func done(_ step: Step) {
    switch step {
    case .listen: isListening = true
    case .unwatch: applied = .nobody
    case .watch(let watched, _): (applied, wantsSnapshot) = (watched, false)
    }
  }

  /// The server has refused a step for good: it isn't wanted any more.
  mutating func refused(_ step: Step) {
    switch step {
    case .listen: (wantsMessages, wanted, wantsSnapshot) = (false, .nobody, false)
    case .unwatch: applied = .nobody
    case .watch: (wanted, wantsSnapshot) = (applied, false)
    }
  }

  /// Another connection, or another session: the server knows nothing of this.
  mutating func startAnew() { (isListening, applied) = (false, .nobody) }

  private static func extends(_ wanted: Watched, _ applied: Watched) -> Bool {
    switch (wanted, applied) {
    case (.everyone, .everyone): true
    case (.everyone, .users(let old)): old.isEmpty
    case (.users, .everyone): false
    case (.users(let new), .users(let old)): new.starts(with: old)
    }
  }

  private static func lines(_ watched: Watched) -> [String] {
    guard case .users(let names) = watched else { return ["watch *"] }
    return stride(from: 0, to: names.count, by: namesPerLine).map { start in
      "watch " + names[start..<min(start + namesPerLine, names.count)].joined(separator: " ")
    }
  }
}
