// Owns: times of many operations, kept in a histogram.
// Must never: lose precision with size: 0.1 % of the value from a nanosecond to a minute.
// Runs on: the generator's event loop (a value that one object owns).
import Histogram

/// Times of operations. In an open loop each is counted from when it was planned, so a server that stands still is charged for
/// all that it kept waiting (coordinated omission); a closed loop cannot do that, and is named one.
package struct Latency: Sendable {
  /// Longer ones count as this long: a minute.
  private static let longest: UInt64 = 60_000_000_000

  private var histogram = Histogram<UInt64>(
    highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

  /// No times yet.
  package init() {}

  /// Percentiles in nanoseconds; 0 if nothing was measured.
  package struct Percentiles: Sendable, Equatable {
    package var count: UInt64
    package var p50: UInt64
    package var p90: UInt64
    package var p99: UInt64
    package var p999: UInt64
    package var max: UInt64
  }

  /// One operation that took `nanoseconds`.
  package mutating func record(_ nanoseconds: UInt64) { _ = histogram.record(min(nanoseconds, Self.longest)) }

  /// The same from the times of its beginning and its end.
  package mutating func record(from begin: UInt64, to end: UInt64) { record(end > begin ? end - begin : 0) }

  /// The figures so far.
  package var percentiles: Percentiles {
    guard histogram.totalCount > 0 else { return Percentiles(count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0) }
    return Percentiles(
      count: histogram.totalCount, p50: histogram.valueAtPercentile(50), p90: histogram.valueAtPercentile(90),
      p99: histogram.valueAtPercentile(99), p999: histogram.valueAtPercentile(99.9), max: histogram.max)
  }
}
