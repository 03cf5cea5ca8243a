// The time of day, as a time stamp and as its text.
// Never used to measure how long something takes.
// On one event loop.

import ChatProtocol
import Glibc
import NIOCore

/// The system clock; looked at once for all that happens at a moment, and formatted once for each millisecond.
package struct WallClock {
  private var moment = NIODeadline.distantPast
  private var last = Timestamp(milliseconds: .min)
  private var lastText = ""

  package init() {}

  /// Now.
  package static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// The time at `moment`, which is now or just was, in RFC 3339.
  package mutating func text(at moment: NIODeadline) -> String {
    if moment == self.moment { return lastText }
    self.moment = moment
    let now = Self.now()
    if now != last { (last, lastText) = (now, now.description) }
    return lastText
  }
}
