// Who is active, as far as a node knows at one moment.
// Never more than a bounded number of names; the count is exact.
// Pure value; any thread.

/// The answer to `user_aktif` and `watch`.
package struct ActiveUsers: Equatable, Sendable {
  /// Account names in alphabetical order, at most `ProtocolLimits.activeNames`.
  package let names: [String]
  /// How many users are active in all.
  package let count: Int
  /// Whether the node can't reach Redis now, so that this may be out of date.
  package let isStale: Bool

  package init(names: [String], count: Int, isStale: Bool) {
    (self.names, self.count, self.isStale) = (names, count, isStale)
  }

  /// Appends the keys `users` and `count`, and `stale` if it is.
  func encode(into bytes: inout [UInt8]) {
    bytes.appendJSON(",\"users\":")
    bytes.appendJSON(strings: names)
    bytes.appendJSON(",\"count\":")
    bytes.appendJSON(count)
    if isStale { bytes.appendJSON(",\"stale\":true") }
  }
}
