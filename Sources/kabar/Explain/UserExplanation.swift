// What `kabar explain USER` says: facts in plain sentences.
// Never lets a control character through that somebody has put into Redis.
// Pure value; any thread.

struct UserExplanation {
  let facts: UserFacts

  var lines: [String] { (account + sessions + activity + inbox + blocks).map(ChatTranscript.safe) }

  private var name: String { facts.name }

  private var account: [String] {
    var lines = ["\(name) (\(facts.display)) has an account since \(facts.created)."]
    if let since = facts.disabledSince {
      lines.append(
        "It is disabled since \(since): nobody can log in or send to it, its messages stay. (kabar account enable \(name))"
      )
    }
    return lines
  }

  private var sessions: [String] {
    if facts.sessions.isEmpty { return ["There is no session: nobody is logged in as \(name)."] }
    return ["\(StatusText.count(facts.sessions.count, "session")), the one unused for longest first:"]
      + facts.sessions.map {
        "  \($0.id) opened \($0.created) from \($0.address) on the node \($0.node), last used \($0.seen)"
      }
  }

  private var activity: [String] {
    if facts.places.isEmpty { return ["\(name) is not active."] }
    return facts.places.map { place in
      let life = place.isAlive ? "" : ", whose lease has ended: its peers will take \(name) off"
      if place.connections == 0 {
        return
          "\(name) is active on the node \(place.node) for some seconds more: the last connection there has ended\(life)."
      }
      let listening = place.listeners == 0 ? "none of them listens" : "\(place.listeners) of them listening"
      return
        "\(name) is active on the node \(place.node): \(StatusText.count(place.connections, "connection")), \(listening)\(life)."
    }
  }

  private var inbox: [String] {
    guard let inbox = facts.inbox else { return ["The inbox is missing: kabar check says more."] }
    let before =
      inbox.takenOff == 0
      ? ""
      : " \(StatusText.count(inbox.takenOff, "message")) \(inbox.takenOff == 1 ? "was" : "were") confirmed and taken off before."
    guard inbox.stored > 0, let oldest = inbox.oldest else { return ["The inbox is empty.\(before)"] }
    let last = inbox.takenOff + inbox.stored
    let held = min(inbox.stored, max(0, inbox.reading.confirmed - inbox.takenOff))
    let waiting = inbox.stored - held
    var lines = [
      "The inbox holds \(StatusText.count(inbox.stored, "message")), \(waiting) of them not confirmed.\(before)"
    ]
    lines.append("  oldest: \(Self.words(oldest))")
    if let newest = inbox.newest, newest != oldest { lines.append("  newest: \(Self.words(newest))") }
    let firstWaiting = inbox.takenOff + held + 1
    let shown = min(last, inbox.reading.shown)
    if waiting > 0, shown >= firstWaiting {
      lines.append("  shown, not confirmed: \(Self.range(firstWaiting, shown))")
    }
    if waiting > 0, shown < last { lines.append("  not yet shown: \(Self.range(max(firstWaiting, shown + 1), last))") }
    if held > 0 {
      let range = Self.range(inbox.takenOff + 1, inbox.takenOff + held)
      lines.append("  confirmed, still there: \(range); \(Self.hold(inbox.reading.holders(of: inbox.takenOff + held)))")
    }
    return lines
  }

  private var blocks: [String] {
    if facts.blocks == 0, facts.blockers == 0 { return ["\(name) blocks nobody, and nobody blocks \(name)."] }
    return [
      "\(name) blocks \(StatusText.count(facts.blocks, "user")), \(StatusText.count(facts.blockers, "user")) \(facts.blockers == 1 ? "blocks" : "block") \(name)."
    ]
  }

  /// Why what is confirmed still stands in a list.
  static func hold(_ holders: [ReadingFacts.Place]) -> String {
    if holders.isEmpty { return "the next call for this inbox takes it off" }
    let names = holders.map { place in
      "\(place.name) has not got it yet (is at number \(place.position), called \(StatusText.tenths(Double(place.age) / 1000)) s ago)"
    }
    return names.joined(separator: ", ")
  }

  private static func words(_ message: MessageGlimpse) -> String {
    "number \(message.number), id \(message.id), from \(message.from), at \(message.at)"
  }

  private static func range(_ first: Int, _ last: Int) -> String {
    first == last ? "number \(first)" : "numbers \(first) to \(last)"
  }
}
