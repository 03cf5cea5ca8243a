// Whether something that requests wait for has more to do than it can: then new work is refused instead of made to wait.
// Never refuses for a single hiccup, never for long without a new measurement.
// Pure value; on its event loop.

import NIOCore

/// Judges one queue by the time that is spent in it, not by its length, after CoDel (RFC 8289): a delay above the target is a
/// burst, one that stays above it is a load that does not go away by waiting.
struct QueueDelay {
  /// For so long every delay must have been above the target.
  static let interval = TimeAmount.milliseconds(100)

  private var lateSince: NIODeadline?
  private var lastLate = NIODeadline.uptimeNanoseconds(0)
  /// The next measurement may take as long as the last one, and an interval more: until then that one is believed.
  private var believedUntil = NIODeadline.uptimeNanoseconds(0)
  private var isShedding = false

  /// Something came to its turn at `now` and had waited for so long.
  mutating func note(_ delay: TimeAmount, target: TimeAmount, at now: NIODeadline) {
    isShedding = isOverloaded(at: now)
    if now > believedUntil { lateSince = nil }
    let bound = isShedding ? .nanoseconds(target.nanoseconds / 2) : target
    if delay > bound {
      lateSince = lateSince ?? now
      (lastLate, believedUntil) = (now, now + delay + Self.interval)
    } else if !isShedding {
      lateSince = nil
    }
  }

  /// Whether work is to be refused. Once it is, it is until nothing had to wait for longer than half the target, an interval
  /// long.
  func isOverloaded(at now: NIODeadline) -> Bool {
    guard let lateSince, now <= believedUntil else { return false }
    return isShedding || lastLate - lateSince >= Self.interval
  }
}
