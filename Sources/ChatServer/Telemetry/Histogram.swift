// How long things took, counted in fixed steps.
// Never allocates when something is counted.
// Pure value; on the event loop of its owner.

import NIOCore

/// Counts of durations by upper bounds, from a quarter of a millisecond to two and a half seconds.
struct Histogram: Sendable {
  /// The upper bounds in nanoseconds and as Prometheus writes them (seconds).
  static let bounds: [(nanoseconds: Int64, seconds: String)] = [
    (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"), (2_500_000, "0.0025"), (5_000_000, "0.005"),
    (10_000_000, "0.01"), (25_000_000, "0.025"), (50_000_000, "0.05"), (100_000_000, "0.1"), (250_000_000, "0.25"),
    (500_000_000, "0.5"), (1_000_000_000, "1"), (2_500_000_000, "2.5"),
  ]

  /// How many fell below each bound and not below the one before; the last counts what is above all.
  private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  private(set) var nanoseconds: Int64 = 0

  /// How many there were.
  var count: Int { counts.reduce(0, +) }

  mutating func observe(_ time: TimeAmount) {
    let time = max(0, time.nanoseconds)
    var index = 0
    while index < Self.bounds.count, time > Self.bounds[index].nanoseconds { index += 1 }
    counts[index] += 1
    nanoseconds += time
  }

  mutating func add(_ other: Histogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    nanoseconds += other.nanoseconds
  }
}
