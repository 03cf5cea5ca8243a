// One user's feed on one event loop, as decisions: when to call the inbox, with what, and who gets which message.
// Never has two calls under way, never sends a message twice to one listener, never skips one.
// Pure value; on its event loop.

import ChatProtocol
import ChatState

/// The listeners of one user and what is known of the inbox.
struct FeedState {
  typealias ListenerID = ObjectIdentifier
  /// Writes a message to a listener and says whether that one reads on.
  typealias Send = (ListenerID, MessageRecord, Int, _ isRedelivered: Bool) -> Bool

  private struct Listener {
    let id: ListenerID
    var window: PushWindow
    /// For how many ticks its client has not read; `nil` while it reads. It gets nothing meanwhile. At the second tick
    /// (which is seconds later) the others stop waiting for it.
    var stuckTicks: Int?

    var isLeftBehind: Bool { stuckTicks.map { $0 >= 2 } ?? false }
  }

  /// Messages per reading: bounds what one answer of Redis holds.
  static let largestBatch = 64

  private let place: String
  private let windowLimit: Int
  private var listeners: [Listener] = []
  /// Smaller while the messages are larger than what a client takes at once.
  private var batch = FeedState.largestBatch
  /// There may be messages behind `end`.
  private var mayHaveMore = true
  /// The last message that is known to be there.
  private var end = 0
  /// The length of the list when `end` was its last message.
  private(set) var length: Int?
  private var isCalling = false
  /// The last message that arrived by itself since the call began: its answer may be older.
  private var arrivedSince = 0
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
    for index in listeners.indices where listeners[index].id == id { listeners[index].stuckTicks = nil }
  }

  /// There may be new messages.
  mutating func wake() { mayHaveMore = true }

  /// A message has been stored, with this number, and all before it are confirmed. Who is so far gets it; whatever the number is
  /// otherwise, it is a reason to read, which alone can tell whether this is still the same list.
  mutating func arrived(_ record: MessageRecord, _ sequence: Int, send: Send) {
    if listeners.contains(where: { $0.window.isLast(sequence, mark: record.mark) }) { return }
    guard sequence == end + 1 else { return wake() }
    (end, length, arrivedSince) = (sequence, length.map { $0 + 1 }, sequence)
    handOut([record], after: sequence - 1, send)
  }

  /// Some seconds have passed: who did not read is left behind in the end.
  mutating func tick() {
    for index in listeners.indices {
      guard let ticks = listeners[index].stuckTicks else { continue }
      listeners[index].stuckTicks = ticks + 1
      if ticks + 1 == 2 { mustReport = true }
    }
  }

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
    for listener in listeners where !listener.isLeftBehind {
      let window = listener.window
      let cursor = window.cursor ?? -1
      position = min(position ?? .max, max(cursor, 0))
      guard listener.stuckTicks == nil, window.room > 0, mayHaveMore || cursor < end else { continue }
      if cursor < next.map({ $0.cursor ?? -1 }) ?? .max { next = window }
    }
    guard next != nil || acknowledged != nil || mustReport else { return nil }
    let call = FeedCall(
      place: place, position: position, after: next?.after, wanted: next.map { min($0.room, batch) } ?? 0)
    let confirming = acknowledged
    (isCalling, arrivedSince, mustReport, acknowledged) = (true, 0, false, nil)
    // From here on a wake-up asks for another reading. One that nobody could follow yet stays.
    if next != nil { mayHaveMore = false }
    return (call, confirming)
  }

  /// The call has failed; what it confirmed is not confirmed.
  mutating func failed() { (isCalling, mayHaveMore) = (false, true) }

  /// Takes an answer in and hands its messages out.
  mutating func answered(_ answer: FeedAnswer, to call: FeedCall, send: Send) {
    let behind = max(arrivedSince - answer.last, 0)
    (isCalling, length, end) = (false, answer.length + behind, answer.last + behind)
    for index in listeners.indices { listeners[index].window.confirm(upTo: answer.confirmed) }
    guard call.wanted > 0 else { return }
    settle(answer, call)
    batch = min(batch * 2, Self.largestBatch)
    handOut(answer.records, after: answer.after, send)
  }

  /// To each listener what it has not got, if that is the next for it and it has room.
  private mutating func handOut(_ records: [MessageRecord], after: Int, _ send: Send) {
    for index in listeners.indices where listeners[index].stuckTicks == nil {
      for (offset, record) in records.enumerated() {
        let sequence = after + 1 + offset
        guard listeners[index].window.cursor == sequence - 1, listeners[index].window.room > 0 else { continue }
        let isRedelivered = listeners[index].window.sent(sequence, mark: record.mark)
        guard send(listeners[index].id, record, sequence, isRedelivered) else {
          listeners[index].stuckTicks = 0
          if offset < records.count - 1 { batch = max(offset + 1, 4) }
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
      mayHaveMore = true
    } else if answer.after > after.sequence {
      for index in listeners.indices { listeners[index].window.skip(to: answer.after) }
    }
  }
}
