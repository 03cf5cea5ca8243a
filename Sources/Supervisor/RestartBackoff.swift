// Owns: how long a dead child waits before it is started again.
// Must never: read a clock or sleep.
// Runs on: any thread (a value).

/// The wait before each restart of one child: 100 ms, doubled each time up to 5 s, from the start again once
/// the child has lived for 10 s.
package struct RestartBackoff: Sendable {
  /// The first wait.
  package static let shortest = Duration.milliseconds(100)
  /// The bound of the doubling.
  package static let longest = Duration.seconds(5)
  /// A child that lived at least this long is taken for healthy.
  package static let healthyAfter = Duration.seconds(10)

  private var next = Self.shortest

  /// A child that has not died yet.
  package init() {}

  /// The wait before the next start of a child that has just died after living for `lifetime`.
  package mutating func delay(afterLifetime lifetime: Duration) -> Duration {
    if lifetime >= Self.healthyAfter { next = Self.shortest }
    let delay = next
    next = min(next * 2, Self.longest)
    return delay
  }
}
