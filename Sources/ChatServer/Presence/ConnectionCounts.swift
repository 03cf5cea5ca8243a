// How many connections each user has on this node, who is in her grace, and what of it Redis does not know yet.
// Never forgets a change that Redis has not confirmed.
// Pure value; on the event loop of its `PresenceReporter`.

import ChatProtocol
import ChatState
import DequeModule
import NIOCore

/// Absolute counts, so that telling Redis twice does no harm.
struct ConnectionCounts {
  /// A user and her presence here; `nil`: she is not here any more.
  typealias Entry = (user: AccountName, presence: UserPresence?)

  /// How long a user stays active here after her last connection.
  private let grace: TimeAmount
  private var present: [AccountName: UserPresence] = [:]
  private var unreported: Set<AccountName> = []
  /// Who is in her grace, with the number of it.
  private var graces: [AccountName: Int] = [:]
  /// The same in the order of time; who came back is still in it, for a while.
  private var graceQueue = Deque<(user: AccountName, number: Int, end: NIODeadline)>()
  private var lastGrace = 0

  /// Users per report: bounds how long one script holds Redis.
  static let reportSize = 500

  init(grace: TimeAmount) { self.grace = grace }

  var hasUnreported: Bool { !unreported.isEmpty }

  /// The user's presence on this node; `nil` if she is not here.
  subscript(user: AccountName) -> UserPresence? { present[user] }

  /// Connections of a user began or ended, or began or ceased to listen. `graceful`: if none is left, she stays active
  /// for the grace.
  mutating func change(
    _ user: AccountName, connections: Int, listeners: Int, graceful: Bool, now: NIODeadline
  ) {
    let before = present[user] ?? UserPresence(connections: 0, listeners: 0)
    let after = UserPresence(
      connections: max(0, before.connections + connections), listeners: max(0, before.listeners + listeners))
    unreported.insert(user)
    if after.connections > 0 {
      present[user] = after
      graces[user] = nil
    } else if graceful, grace > .zero {
      present[user] = after
      beginGrace(user, until: now + grace)
    } else {
      present[user] = nil
      graces[user] = nil
    }
  }

  private mutating func beginGrace(_ user: AccountName, until end: NIODeadline) {
    lastGrace += 1
    graces[user] = lastGrace
    graceQueue.append((user, lastGrace, end))
    // Somebody who comes and goes all the time must not fill the queue.
    if graceQueue.count > 2 * graces.count + 64 {
      let graces = graces
      graceQueue.removeAll { graces[$0.user] != $0.number }
    }
  }

  /// Entries in the queue of graces; at most twice as many as users in their grace, and a few.
  var queuedGraces: Int { graceQueue.count }

  /// When somebody's grace may end next.
  var nextGraceEnd: NIODeadline? { graceQueue.first?.end }

  /// Takes out those whose grace has ended, and answers them.
  mutating func endGraces(now: NIODeadline) -> [AccountName] {
    var ended: [AccountName] = []
    while let first = graceQueue.first, first.end <= now {
      graceQueue.removeFirst()
      guard graces[first.user] == first.number else { continue }
      graces[first.user] = nil
      present[first.user] = nil
      unreported.insert(first.user)
      ended.append(first.user)
    }
    return ended
  }

  /// The next changes for Redis. They count as reported until `failed` gives them back.
  mutating func takeReport() -> [Entry] {
    let users = Array(unreported.prefix(Self.reportSize))
    unreported.subtract(users)
    return users.map { ($0, present[$0]) }
  }

  /// Redis did not confirm this report.
  mutating func failed(_ report: [Entry]) { unreported.formUnion(report.map(\.user)) }

  /// Redis knows nothing of this node any more: everything must be reported again.
  mutating func startOver() { unreported = Set(present.keys) }
}
