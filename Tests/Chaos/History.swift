// Owns: what the clients of a chaos run saw, as plain data.
// Must never: judge (Verdict does) or know of sockets and processes.
// Runs on: any thread; pure values.

/// Everything that the clients did and saw.
struct History: Sendable, Equatable {
  /// What the senders know, one entry per message, in no particular order.
  var sends: [Send] = []
  /// Inbox replies; those of one recipient in the order in which she asked.
  var views: [View] = []
  /// Commands that were written.
  var requests = 0
  /// The longest that a reply took, in milliseconds, without the time in which a node was stopped.
  var slowestReply = 0
  /// Requests that were neither answered nor their connection closed in time, in words.
  var overdue: [String] = []
  /// Anything else that must not happen, in words: a node that crashed, a reply that makes no sense.
  var incidents: [String] = []
}

/// One message, as its sender knows it.
struct Send: Sendable, Equatable {
  /// The account names.
  var sender: String
  var recipient: String
  /// Unique per sender; the text of the message carries it.
  var number: Int
  /// Whether it was sent with a tag and repeated until it was acknowledged.
  var isTagged: Bool
  var outcome: Outcome
  /// The connection of the sender on which it was acknowledged at the first try; `nil` after a repetition.
  var connection: Int?
  /// When it was written for the first time and when its outcome was known, on the sender's own clock of events.
  var writtenAt: Int
  var knownAt: Int
  /// When it was written for the first time, in milliseconds of the run, for the report.
  var time = 0

  /// What the sender may rely on.
  enum Outcome: Sendable, Equatable {
    /// Acknowledged: it is stored, once.
    case ok
    /// Refused: it is not stored.
    case failed(code: String)
    /// No answer, or `outcome_unknown`: it is stored once or not at all.
    case unknown
  }
}

/// One inbox reply that arrived whole, or all that one connection was sent while it listened.
struct View: Sendable, Equatable {
  var recipient: String
  /// In the order of `seq`.
  var messages: [Message]
  /// The highest `seq` that the recipient had done anything to confirm before she asked; 0: nothing yet.
  var confirmedThrough: Int
  /// The highest `seq` for which an `ack` had been answered OK: none of these may ever come again.
  var confirmedSurely = 0
  /// Whether the messages came by themselves.
  var isPushed = false
  /// Which way and where it was read, for the report.
  var context = ""

  /// A message in an inbox.
  struct Message: Sendable, Equatable {
    var sender: String
    /// The number in its text; `nil` if the text is none of ours.
    var number: Int?
    var id: String
    var sequence: Int
    /// Marked `"redelivered": true`.
    var isRedelivered: Bool
  }
}
