// One user's feed on one event loop, as decisions: when to call the inbox, with what, and who gets which message.
// Never has two calls under way, never sends a message twice to one listener, never skips one.
// Pure value; on its event loop.

import ChatProtocol
import ChatState

/// The listeners of one user and what is known of the inbox.
struct FeedState {
  typealias ListenerID = ObjectIdentifier

  private struct Listener {
    let id: ListenerID
    var window: PushWindow
    /// Its client does not read now: it gets nothing, and nothing is kept back for it.
    var isStuck = false
  }

  /// Messages per reading: bounds what one answer of Redis holds.
  static let batch = 64

  private let place: String
  private let windowLimit: Int
  private var listeners: [Listener] = []
  /// There may be messages behind `end`.
  private var mayHaveMore = true
  /// The last message that is known to be there.
  private var end = 0
  private var isCalling = false
  /// The inbox must hear of this place also if nothing is to be read.
  private var mustReport = false
  private var acknowledged: MessagePlace?

  init(place: String, windowLimit: Int) { (self.place, self.windowLimit) = (place, windowLimit) }

  var isEmpty: Bool { listeners.isEmpty }

  // MARK: What happens

  mutating func add(_ id: ListenerID) { listeners.append(Listener(id: id, window: PushWindow(limit: windowLimit))) }

  mutating func remove(_ id: ListenerID) { listeners.removeAll { $0.id == id } }

  /// The client of a listener reads again.
  mutating func readsAgain(_ id: ListenerID) {
    for index in listeners.indices where listeners[index].id == id { listeners[index].isStuck = false }
  }

  /// There may be new messages.
  mutating func wake() { mayHaveMore = true }

  /// Looks whether a wake-up was lost, and says that this place lives.
  mutating func compare() { (mayHaveMore, mustReport) = (true, true) }

  /// What `ack` with this number means for a listener.
  func find(_ sequence: Int, for id: ListenerID) -> PushWindow.Found {
    listeners.first { $0.id == id }?.window.find(sequence) ?? .unknown
  }

  /// The user has confirmed a message of a listener's window; the next call says so.
  mutating func acknowledge(_ message: MessagePlace) {
    if message.sequence > acknowledged?.sequence ?? 0 { acknowledged = message }
  }

  // MARK: Calls

  /// What is to be asked now; the state counts as calling until `answered` or `failed`. `nil`: nothing, or one is under way.
  mutating func nextCall() -> (call: FeedCall, confirming: MessagePlace?)? {
    guard !isCalling else { return nil }
    // A beginner first: it must be told where to begin. Then whoever is furthest behind.
    var next: PushWindow?
    var position: Int?
    for listener in listeners where !listener.isStuck {
      let window = listener.window
      let cursor = window.cursor ?? -1
      position = min(position ?? .max, max(cursor, 0))
      guard window.room > 0, mayHaveMore || cursor < end else { continue }
      if cursor < next.map({ $0.cursor ?? -1 }) ?? .max { next = window }
    }
    guard next != nil || acknowledged != nil || mustReport else { return nil }
    let call = FeedCall(
      place: place, position: position, after: next?.after, wanted: next.map { min($0.room, Self.batch) } ?? 0)
    let confirming = acknowledged
    (isCalling, mustReport, acknowledged) = (true, false, nil)
    // From here on a wake-up asks for another reading. One that nobody could follow yet stays.
    if next != nil { mayHaveMore = false }
    return (call, confirming)
  }

  /// The call has failed; what it confirmed is not confirmed.
  mutating func failed() { (isCalling, mayHaveMore) = (false, true) }

  /// Takes an answer in and hands each message out: `send` writes it to a listener and says whether that one reads on.
  mutating func answered(
    _ answer: FeedAnswer, to call: FeedCall, send: (ListenerID, MessageRecord, Int, _ isRedelivered: Bool) -> Bool
  ) {
    isCalling = false
    for index in listeners.indices { listeners[index].window.confirm(upTo: answer.confirmed) }
    guard call.wanted > 0 else { return }
    if answer.records.count == call.wanted { mayHaveMore = true }
    end = max(end, answer.after + answer.records.count)
    settle(answer, call)
    for index in listeners.indices where !listeners[index].isStuck {
      for (offset, record) in answer.records.enumerated() {
        let sequence = answer.after + 1 + offset
        guard listeners[index].window.cursor == sequence - 1, listeners[index].window.room > 0 else { continue }
        let isRedelivered = listeners[index].window.sent(sequence, mark: record.mark)
        guard send(listeners[index].id, record, sequence, isRedelivered) else {
          listeners[index].isStuck = true
          mustReport = true
          break
        }
      }
    }
  }

  /// Where everybody stands, now that the inbox has said where the reading began.
  private mutating func settle(_ answer: FeedAnswer, _ call: FeedCall) {
    guard let after = call.after else {
      for index in listeners.indices where listeners[index].window.cursor == nil {
        listeners[index].window.begin(after: answer.after, shown: answer.shown)
      }
      return
    }
    if answer.after < after.sequence {
      // The messages that were sent are not in this list: it begins anew for all.
      for index in listeners.indices { listeners[index].window.restart() }
      (end, mayHaveMore) = (0, true)
    } else if answer.after > after.sequence {
      for index in listeners.indices { listeners[index].window.skip(to: answer.after) }
    }
  }
}
