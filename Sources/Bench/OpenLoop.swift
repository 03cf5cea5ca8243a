// Owns: when each operation of an open loop is to begin.
// Must never: move a planned time because the server is slow.
// Runs on: any thread (a value).

/// A fixed rate: operation `n` is planned for `begin + n / rate`, whatever became of the ones before.
package struct OpenLoop: Sendable {
  private let begin: UInt64
  private let rate: Double
  private let count: Int
  private var issued = 0

  /// - Parameters:
  ///   - begin: nanoseconds of the monotonic clock.
  ///   - rate: operations a second, above 0.
  ///   - count: how many operations there are.
  package init(begin: UInt64, rate: Double, count: Int) {
    (self.begin, self.rate, self.count) = (begin, max(rate, 0.001), count)
  }

  /// The planned time of the next operation; nil when all have been issued.
  package var next: UInt64? { issued < count ? time(of: issued) : nil }

  /// Issues the next operation if its time has come: its number and its planned time.
  package mutating func issue(now: UInt64) -> (number: Int, planned: UInt64)? {
    guard issued < count, case let planned = time(of: issued), planned <= now else { return nil }
    issued += 1
    return (issued - 1, planned)
  }

  private func time(of number: Int) -> UInt64 { begin + UInt64((Double(number) * 1e9 / rate).rounded()) }
}
