// Owns: one legitimate client that stays: what it waits for and what it has seen.
// Must never: do anything by itself.
// Runs on: the thread of the legitimate clients; a value.
import DequeModule

/// A talker or a listener.
struct Resident {
  /// A request on its way.
  struct Asked {
    let planned: Int
    let phase: Int
    /// The message of a push that it sends.
    let push: Int?
  }

  let name: String
  let listens: Bool
  var token = ""
  var peer: Peer?
  /// Replies that it needs before it is at work again.
  var missing = 0
  /// When it acts next, in nanoseconds of the monotonic clock.
  var due = 0
  var turn = 0
  var waiting: Deque<Asked> = []
  private var seen = 0
  private var confirmed = 0

  init(_ name: String, listens: Bool) { (self.name, self.listens) = (name, listens) }

  /// Logged in, and not on the way back.
  var isThere: Bool { missing == 0 }

  mutating func saw(_ sequence: Int) { seen = max(seen, sequence) }

  /// `ack` for what it has seen since the last one; `nil`: there is nothing new.
  mutating func confirmation() -> String? {
    guard seen > confirmed else { return nil }
    confirmed = seen
    return "ack \(seen)"
  }

  mutating func nextOfListener() -> (text: String, push: Int?) { (confirmation() ?? "ping", nil) }
}
