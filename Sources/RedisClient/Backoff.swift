// How long to wait before the next try to connect.
// Never waits itself.
// Pure value; any thread.

import NIOCore

/// Full jitter (Marc Brooker, "Exponential Backoff And Jitter"): a random time between zero and a ceiling that doubles
/// with each failure, so that many clients don't come back in step.
package struct Backoff: Sendable {
  private let base: TimeAmount
  private let cap: TimeAmount
  private var failures = 0

  package init(base: TimeAmount = .milliseconds(50), cap: TimeAmount = .seconds(2)) {
    self.base = base
    self.cap = cap
  }

  /// The ceiling for the next wait.
  var ceiling: TimeAmount {
    let doubled = base.nanoseconds.multipliedReportingOverflow(by: 1 << min(failures, 32))
    return doubled.overflow ? cap : min(.nanoseconds(doubled.partialValue), cap)
  }

  /// The next wait; counts one more failure.
  package mutating func next() -> TimeAmount {
    var generator = SystemRandomNumberGenerator()
    return next(using: &generator)
  }

  mutating func next(using generator: inout some RandomNumberGenerator) -> TimeAmount {
    defer { failures += 1 }
    return .nanoseconds(Int64.random(in: 0...ceiling.nanoseconds, using: &generator))
  }

  /// After success.
  package mutating func reset() { failures = 0 }
}
