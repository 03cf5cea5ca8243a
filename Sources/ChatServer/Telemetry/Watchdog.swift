// Tells systemd again and again that every event loop turns; when one hangs, systemd ends the process and starts it anew.
// Never says so for a loop that has not answered.
// On the first event loop of the process.

import Glibc
import NIOCore

/// The watchdog of systemd (sd_watchdog_enabled(3)).
struct Watchdog {
  private let loops: [any EventLoop]
  private let period: TimeAmount

  /// `nil` where nobody watches: without `WATCHDOG_USEC`, or if it is for another process.
  init?(_ loops: [any EventLoop]) {
    func number(_ name: String) -> Int64? { getenv(name).flatMap { Int64(String(cString: $0)) } }
    guard let patience = number("WATCHDOG_USEC"), patience > 0, number("WATCHDOG_PID").map({ $0 == getpid() }) ?? true
    else { return nil }
    self.loops = loops
    // As the manual advises: twice as often as needed.
    period = .microseconds(patience / 2)
  }

  /// Begins; ends with the event loops.
  func start() {
    let turns = loops.map { $0.submit {} }
    EventLoopFuture.andAllSucceed(turns, on: loops[0]).whenSuccess {
      ServiceManager.notify("WATCHDOG=1")
      loops[0].scheduleTask(in: period) { start() }
    }
  }
}
