// Owns: the changes of the connection that a user interface has not shown yet.
// Must never: grow with the time for which nobody reads: only the newest matter.
// Runs on: a value; a Feed guards it.
import NIOCore

struct StateBuffer: FeedBuffer {
  /// How many changes are kept.
  static let limit = 64

  private var states = CircularBuffer<ChatClient.State>()

  mutating func append(_ state: ChatClient.State) {
    if states.count == Self.limit { states.removeFirst() }
    states.append(state)
  }

  mutating func popFirst() -> ChatClient.State? { states.popFirst() }
}
