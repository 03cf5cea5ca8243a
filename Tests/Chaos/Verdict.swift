// Owns: the judgement on a history: which promise was broken, by which message.
// Must never: forgive what the promises don't allow, or accuse where the clients can't know.
// Runs on: any thread; a pure function of the history.

/// Counts and violations of one history.
struct Verdict: Sendable, Equatable {
  /// What can be broken.
  enum Rule: String, Sendable, CaseIterable {
    /// Acknowledged and never seen by the recipient, or gone from the inbox before she confirmed it.
    case lost
    /// In the inbox under two sequence numbers or ids.
    case storedTwice = "stored twice"
    /// Shown again after an inbox reply had shown that it was gone, or its `ack` was answered OK.
    case cameBack = "came back after confirmation"
    /// Refused, and in the inbox all the same.
    case storedThoughRefused = "stored though refused"
    /// Behind a message that its sender sent after it.
    case reordered
    /// `seq` has a gap, stands still, or names another message than before.
    case numbering = "wrong seq"
    /// A message that nobody sent.
    case foreign = "never sent"
    /// Neither answered nor closed within the deadline.
    case neverAnswered = "never answered"
    /// Anything else: a crash, a reply that makes no sense.
    case incident
  }

  /// A broken promise.
  struct Violation: Sendable, Equatable {
    var rule: Rule
    /// Which message, and what was seen of it.
    var detail: String
  }

  private(set) var acknowledged = 0
  private(set) var refused = 0
  private(set) var unknown = 0
  /// Sightings of messages that had been seen before and were not confirmed yet: allowed.
  private(set) var deliveredAgain = 0
  /// Those without `"redelivered": true`: the mark is best effort when Redis fails while it is noted.
  private(set) var unmarked = 0
  /// Messages that came by themselves, the repeated ones among them.
  private(set) var pushed = 0
  private(set) var requests = 0
  /// Milliseconds.
  private(set) var slowestReply = 0
  private(set) var violations: [Violation] = []

  /// Whether every promise was kept.
  var isClean: Bool { violations.isEmpty }

  /// How often a rule was broken.
  func count(_ rule: Rule) -> Int { violations.count { $0.rule == rule } }

  /// Judges a history whose inboxes were drained at the end.
  init(_ history: History) {
    (requests, slowestReply) = (history.requests, history.slowestReply)
    for text in history.overdue { report(.neverAnswered, text) }
    for text in history.incidents { report(.incident, text) }
    pushed = history.views.filter(\.isPushed).reduce(0) { $0 + $1.messages.count }
    var places: [Key: Place] = [:]
    let byRecipient = Dictionary(grouping: history.views, by: \.recipient)
    for (_, views) in byRecipient.sorted(by: { $0.key < $1.key }) { judge(views, &places) }
    judge(history.sends, places)
    for (_, sends) in Dictionary(grouping: history.sends, by: { [$0.sender, $0.recipient] }) {
      judgeOrder(sends, places)
    }
  }

  private struct Key: Hashable {
    var sender: String
    var number: Int
  }

  /// Where a message was seen.
  private struct Place {
    var recipient: String
    var sequence: Int
    var id: String
  }

  private mutating func report(_ rule: Rule, _ detail: String) {
    violations.append(Violation(rule: rule, detail: detail))
  }

  // MARK: Inboxes

  /// One recipient's inbox replies. She asks one after the other, so the beginning of her inbox only moves forward, and
  /// only over what she has seen and done something to confirm.
  private mutating func judge(_ views: [View], _ places: inout [Key: Place]) {
    var seen: [Int: View.Message] = [:]
    var highest = 0  // of all that she has seen
    var first = 1  // the inbox begins here, or later
    for view in views {
      let name = "\(view.recipient), \(view.context)"
      let start = view.messages.first?.sequence ?? highest + 1
      if start < first {
        report(.cameBack, "\(name): seq \(start) is there again after the inbox began at \(first)")
      }
      if start <= view.confirmedSurely, !view.messages.isEmpty {
        report(.cameBack, "\(name): seq \(start) is there again after the ack of \(view.confirmedSurely)")
      }
      if start > highest + 1 {
        report(.numbering, "\(name): seq \(highest + 1) to \(start - 1) were never shown")
      }
      // What went away, and she had not even begun to confirm it.
      let gone = max(first, view.confirmedThrough + 1)
      for sequence in stride(from: gone, to: start, by: 1) {
        guard let message = seen[sequence] else { continue }
        report(.lost, "\(name): \(text(message)) went away; confirmed was up to \(view.confirmedThrough)")
      }
      first = max(first, start)
      judge(view, name, &seen, &places)
      highest = max(highest, view.messages.last?.sequence ?? 0)
    }
  }

  /// One reply by itself, and against what was seen before.
  private mutating func judge(
    _ view: View, _ name: String, _ seen: inout [Int: View.Message], _ places: inout [Key: Place]
  ) {
    var previous: Int?
    for message in view.messages {
      if let previous, message.sequence != previous + 1 {
        report(.numbering, "\(name): seq \(message.sequence) follows \(previous)")
      }
      previous = message.sequence
      if let before = seen[message.sequence] {
        if before.id == message.id {
          deliveredAgain += 1
          if !message.isRedelivered { unmarked += 1 }
          continue
        }
        report(.numbering, "\(name): seq \(message.sequence) was \(text(before)), now it is \(text(message))")
      }
      seen[message.sequence] = message
      guard let number = message.number else {
        report(.foreign, "\(name): \(text(message))")
        continue
      }
      let key = Key(sender: message.sender, number: number)
      if let place = places[key] {
        report(.storedTwice, "\(name): \(text(message)), and with seq \(place.sequence), id \(place.id)")
      } else {
        places[key] = Place(recipient: view.recipient, sequence: message.sequence, id: message.id)
      }
    }
  }

  private func text(_ message: View.Message) -> String {
    "\(message.number.map { "message \($0)" } ?? "a message") of \(message.sender) (seq \(message.sequence), id \(message.id))"
  }

  // MARK: Senders

  private mutating func judge(_ sends: [Send], _ places: [Key: Place]) {
    var sent: Set<Key> = []
    for send in sends {
      let key = Key(sender: send.sender, number: send.number)
      sent.insert(key)
      let name =
        "message \(send.number) of \(send.sender) to \(send.recipient)\(send.isTagged ? ", tagged" : ""), written at \(send.time) ms,"
      let place = places[key]
      if let place, place.recipient != send.recipient {
        report(.foreign, "\(name) is in the inbox of \(place.recipient)")
      }
      switch send.outcome {
      case .ok:
        acknowledged += 1
        if place == nil { report(.lost, "\(name) was acknowledged and never seen") }
      case .failed(let code):
        refused += 1
        if let place { report(.storedThoughRefused, "\(name): \(code), yet it has seq \(place.sequence)") }
      case .unknown: unknown += 1
      }
    }
    for (key, place) in places where !sent.contains(key) {
      report(.foreign, "message \(key.number) of \(key.sender) in the inbox of \(place.recipient)")
    }
  }

  /// One sender's messages to one recipient: acknowledged ones of one connection are in the order of sending, and what
  /// was acknowledged before another was written is in front of it, on whichever connection.
  private mutating func judgeOrder(_ sends: [Send], _ places: [Key: Place]) {
    let stored = sends.filter { $0.outcome == .ok }.compactMap { send in
      places[Key(sender: send.sender, number: send.number)].map { (send: send, sequence: $0.sequence) }
    }.sorted { $0.send.writtenAt < $1.send.writtenAt }
    let known = stored.sorted { $0.send.knownAt < $1.send.knownAt }
    var next = known.startIndex
    var floor = 0  // highest seq of what was acknowledged before
    var last: [Int: Int] = [:]  // highest seq by connection
    for (send, sequence) in stored {
      while next < known.endIndex, known[next].send.knownAt < send.writtenAt {
        floor = max(floor, known[next].sequence)
        next += 1
      }
      let bound = max(floor, send.connection.flatMap { last[$0] } ?? 0)
      if sequence < bound {
        report(
          .reordered,
          "message \(send.number) of \(send.sender) to \(send.recipient), written at \(send.time) ms, has seq \(sequence), an earlier one has \(bound)"
        )
      }
      if let connection = send.connection { last[connection] = max(last[connection] ?? 0, sequence) }
    }
  }
}
