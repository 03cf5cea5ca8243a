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

  /// How long a user stays active here after a connection of hers has broken.
  private let grace: TimeAmount
  private var present: [AccountName: UserPresence] = [:]
  private var unreported: Set<AccountName> = []
  /// Sessions of which a connection has broken not long ago. They are told apart so that the end of one of them, here or on
  /// another node, ends its own grace only.
  private var graces: [SessionID: (user: AccountName, number: Int)] = [:]
  /// How many of these each user has.
  private var gracesOf: [AccountName: Int] = [:]
  /// The same in the order of time; what was renewed or has ended early is still in it, for a while.
  private var graceQueue = Deque<(session: SessionID, number: Int, end: NIODeadline)>()
  private var lastGrace = 0
  /// Sessions that ended not long ago: the news of it may overtake that of their last connection.
  private var endedLately: [SessionID: NIODeadline] = [:]
  private static let endedMemory = TimeAmount.seconds(10)

  /// Users per report: bounds how long one script holds Redis.
  static let reportSize = 500

  init(grace: TimeAmount) { self.grace = grace }

  var hasUnreported: Bool { !unreported.isEmpty }

  /// The user's presence on this node; `nil` if she is not here.
  subscript(user: AccountName) -> UserPresence? { present[user] }

  /// Connections of a user began or ended, or began or ceased to listen. When one ends, `graceful` says whether its
  /// session has a grace; otherwise the session has ended, and with it the grace of its other connections.
  mutating func change(
    _ user: AccountName, _ session: SessionID?, connections: Int, listeners: Int, graceful: Bool, now: NIODeadline
  ) {
    let before = present[user] ?? UserPresence(connections: 0, listeners: 0)
    let after = UserPresence(
      connections: max(0, before.connections + connections), listeners: max(0, before.listeners + listeners))
    unreported.insert(user)
    present[user] = after
    if let session, connections < 0 {
      if graceful, grace > .zero, !hasEnded(session, now) {
        beginGrace(of: session, user, until: now + grace)
      } else {
        endGrace(of: session)
      }
    }
    leaveIfNothingIsLeft(user)
  }

  /// A session has ended on any node: its grace is over. Answers the user if she is not here any more for that.
  mutating func sessionEnded(_ session: SessionID, now: NIODeadline) -> AccountName? {
    if endedLately.count >= 1000 { endedLately = endedLately.filter { now < $0.value } }
    endedLately[session] = now + Self.endedMemory
    guard let user = graces[session]?.user else { return nil }
    endGrace(of: session)
    return leaveIfNothingIsLeft(user) ? user : nil
  }

  private func hasEnded(_ session: SessionID, _ now: NIODeadline) -> Bool {
    endedLately[session].map { now < $0 } ?? false
  }

  /// Entries in the queue of graces; at most twice as many as there are graces, and a few.
  var queuedGraces: Int { graceQueue.count }

  /// When a grace may end next.
  var nextGraceEnd: NIODeadline? { graceQueue.first?.end }

  /// Ends the graces whose time has come, and answers those who are not here any more.
  mutating func endGraces(now: NIODeadline) -> [AccountName] {
    var left: [AccountName] = []
    while let first = graceQueue.first, first.end <= now {
      graceQueue.removeFirst()
      guard let (user, number) = graces[first.session], number == first.number else { continue }
      endGrace(of: first.session)
      if leaveIfNothingIsLeft(user) { left.append(user) }
    }
    return left
  }

  private mutating func beginGrace(of session: SessionID, _ user: AccountName, until end: NIODeadline) {
    endGrace(of: session)  // of an earlier connection
    gracesOf[user, default: 0] += 1
    lastGrace += 1
    graces[session] = (user, lastGrace)
    graceQueue.append((session, lastGrace, end))
    // Somebody who comes and goes all the time must not fill the queue.
    if graceQueue.count > 2 * graces.count + 64 {
      let graces = graces
      graceQueue.removeAll { graces[$0.session]?.number != $0.number }
    }
  }

  private mutating func endGrace(of session: SessionID) {
    guard let user = graces.removeValue(forKey: session)?.user, let count = gracesOf[user] else { return }
    gracesOf[user] = count > 1 ? count - 1 : nil
  }

  /// Whether the user has left: no connection, no grace.
  @discardableResult
  private mutating func leaveIfNothingIsLeft(_ user: AccountName) -> Bool {
    guard present[user]?.connections == 0, gracesOf[user] == nil else { return false }
    present[user] = nil
    unreported.insert(user)
    return true
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
