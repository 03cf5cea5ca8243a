// What `kabar explain MESSAGE-ID` says: where a message stands, and what happened to it.
// Never its text.
// Pure values; any thread.

/// A message that was found.
struct MessageFacts: Equatable {
  /// In whose inbox.
  var recipient: String
  /// Her account is disabled.
  var isDisabled = false
  var message: MessageGlimpse
  var reading: ReadingFacts
  /// It was taken off the list while it was being looked at.
  var isTakenOff = false
}

struct MessageExplanation {
  let facts: MessageFacts

  /// One sentence.
  var line: String {
    let message = facts.message
    let place = "the inbox of \(facts.recipient)" + (facts.isDisabled ? " (whose account is disabled)" : "")
    let origin = "number \(message.number) since \(message.at) (sent by \(message.from))"
    let fate: String
    if facts.isTakenOff {
      fate = "stood in \(place) as \(origin); it was confirmed and taken off just now"
    } else if facts.reading.confirmed >= message.number {
      let hold = UserExplanation.hold(facts.reading.holders(of: message.number))
      fate = "stands in \(place) as \(origin); it was confirmed; \(hold)"
    } else if facts.reading.shown >= message.number {
      fate = "waits in \(place) as \(origin); it was shown, not confirmed"
    } else {
      fate = "waits in \(place) as \(origin), not yet shown"
    }
    return ChatTranscript.safe("\(message.id) \(fate).")
  }

  /// What is said of a message that is nowhere; `user`: only this inbox was looked at.
  static func missing(_ id: String, in user: String?) -> String {
    let place = user.map { "not in the inbox of \($0)" } ?? "in no inbox"
    return ChatTranscript.safe(
      "\(id) is \(place): it was confirmed and taken off, or never stored\(user == nil ? "" : " there").")
  }
}
