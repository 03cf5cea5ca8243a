// How many connections each user has on this node, and what of it Redis does not know yet.
// Never forgets a change that Redis has not confirmed.
// Pure value; on the event loop of its `Membership`.

import ChatProtocol

/// Absolute counts, so that telling Redis twice does no harm.
struct ConnectionCounts {
  private var counts: [AccountName: Int] = [:]
  private var unreported: Set<AccountName> = []

  /// Users per report: bounds how long one script holds Redis.
  static let reportSize = 500

  var hasUnreported: Bool { !unreported.isEmpty }

  mutating func change(_ user: AccountName, by delta: Int) {
    let count = counts[user, default: 0] + delta
    counts[user] = count > 0 ? count : nil
    unreported.insert(user)
  }

  /// The next changes for Redis. They count as reported until `failed` gives them back.
  mutating func takeReport() -> [(AccountName, Int)] {
    let users = Array(unreported.prefix(Self.reportSize))
    unreported.subtract(users)
    return users.map { ($0, counts[$0, default: 0]) }
  }

  /// Redis did not confirm this report.
  mutating func failed(_ report: [(AccountName, Int)]) { unreported.formUnion(report.map(\.0)) }

  /// Redis knows nothing of this node any more: everything must be reported again.
  mutating func startOver() { unreported = Set(counts.keys) }
}
