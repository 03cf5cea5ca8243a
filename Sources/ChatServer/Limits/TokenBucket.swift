// How many commands a client may still send.
// Never needs a timer: what has flowed in meanwhile is counted when the next command comes.
// Pure value; guarded by its owner.

import NIOCore

/// The size of a bucket and what flows into it.
package struct CommandRate: Sendable, Equatable {
  /// Commands that may come at once, 1 or more.
  package let burst: Int
  /// The time in which one more may come.
  package let interval: TimeAmount

  package init(burst: Int, perSecond: Int) {
    (self.burst, interval) = (burst, .nanoseconds(1_000_000_000 / Int64(perSecond)))
  }
}

/// A token bucket, kept as the one moment at which it is full again (virtual scheduling: ITU-T I.371, annex A).
struct TokenBucket {
  private var fullAt = NIODeadline.distantPast

  /// Takes a token; if there is none, says in what time there will be one, and changes nothing.
  mutating func take(_ rate: CommandRate, now: NIODeadline) -> TimeAmount? {
    let after = max(fullAt, now) + rate.interval
    let excess = after - now - rate.interval * rate.burst
    if excess > .zero { return excess }
    fullAt = after
    return nil
  }

  /// Gives back what was taken for nothing.
  mutating func giveBack(_ rate: CommandRate) { fullAt = fullAt - rate.interval }

  /// Whether nothing is missing: then it is as good as a new one.
  func isFull(at now: NIODeadline) -> Bool { fullAt <= now }
}
