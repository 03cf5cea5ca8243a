// The one door through which the presence view is changed: every change is followed by word to those who watch.
// Never tells them more often than once a second.
// On the first event loop of the process.

import ChatProtocol
import ChatState
import NIOCore

/// Changes the view and hands out what has changed: the first change at once, then at most one batch a second.
final class PresenceWriter {
  private static let interval = TimeAmount.seconds(1)

  let presence: SharedPresence
  private let eventLoop: any EventLoop
  private var isScheduled = false
  private var nextBatch = NIODeadline.now()
  /// Called with each batch.
  var onBatch: ((PresenceBatch) -> Void)?

  init(_ presence: SharedPresence, on eventLoop: any EventLoop) {
    (self.presence, self.eventLoop) = (presence, eventLoop)
  }

  /// Changes the view; `now` is for the time of the change.
  func update<Value: Sendable>(_ body: (inout PresenceView, _ now: Timestamp) -> Value) -> Value {
    let now = WallClock.now()
    let (value, hasChanges) = presence.update { view in (body(&view, now), view.hasChanges) }
    if hasChanges { schedule() }
    return value
  }

  private func schedule() {
    guard !isScheduled else { return }
    isScheduled = true
    eventLoop.assumeIsolated().scheduleTask(deadline: max(nextBatch, .now())) {
      self.isScheduled = false
      self.nextBatch = .now() + Self.interval
      self.onBatch?(self.presence.update { $0.takeChanges() })
    }
  }
}
