// Owns: users who come and go at a rate, and connections that are told of it.
// Must never: let a user change again before the last change was answered.
// Runs on: the generator's event loop.
import NIOCore

/// What the connections of one measurement of presence share. Users are the first accounts.
final class PresenceChurn {
  let requests: LoadRequests
  let users: Int
  var refusals = Refusals()
  var broken = 0
  /// Connections that stand, or are logged in and watch.
  var ready = 0
  /// Changes that the server answered OK.
  var changed = 0
  /// Changes that were told to watchers, all together, and summaries in place of them.
  private(set) var told = 0
  private(set) var lastTold: UInt64 = 0
  private(set) var delays = Latency()
  /// For each user whether her last change made her active, and when it was planned.
  private var changes: [(number: Int, isActive: Bool, planned: UInt64)]

  init(_ requests: LoadRequests, users: Int) {
    (self.requests, self.users) = (requests, users)
    changes = Array(repeating: (0, false, 0), count: users)
  }

  /// A user changes.
  func changes(_ user: Int, toActive isActive: Bool, planned: UInt64) {
    changes[user] = (changes[user].number + 1, isActive, planned)
  }

  /// A watcher that was last told change `last` of `user` is told how she is now. Answers what it has been told by that.
  func told(_ user: Int, isActive: Bool, last: Int, at now: UInt64) -> Int {
    let change = changes[user]
    guard change.number > last, change.isActive == isActive else { return last }
    told += 1
    lastTold = now
    delays.record(from: change.planned, to: now)
    return change.number
  }
}

/// A user who logs in and out over one connection.
final class ChurningUser: ConnectionRole {
  private let churn: PresenceChurn
  private let user: Int
  private var connection: LoadConnection?
  private var isActive = false
  private(set) var isWaiting = false
  private var planned: [UInt64] = []

  init(_ user: Int, _ churn: PresenceChurn) { (self.user, self.churn) = (user, churn) }

  /// She has nothing left to do.
  var isDone: Bool { (!isWaiting && planned.isEmpty) || connection == nil }

  /// Her next change is due.
  func change(planned time: UInt64) {
    planned.append(time)
    changeNow()
    connection?.flush()
  }

  /// Ends the connection.
  func end() {
    let connection = connection
    self.connection = nil
    // Active by mistake for the time of grace, she would spoil what comes next.
    if isActive { connection?.write(churn.requests.logout) }
    connection?.write("quit\r\n")
    connection?.flush()
  }

  func opened(_ connection: LoadConnection) {
    self.connection = connection
    churn.ready += 1
  }

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection) {
    switch LoadReply(bytes, range, .line) {
    case .event: return
    case .refused: churn.refusals.note(LoadReply.code(bytes, range, .line))
    case .accepted: churn.changed += 1
    }
    isWaiting = false
    changeNow()
  }

  func closed(_ connection: LoadConnection) {
    if self.connection != nil { churn.broken += 1 }
    self.connection = nil
  }

  private func changeNow() {
    guard let connection, !isWaiting, !planned.isEmpty else { return }
    let time = planned.removeFirst()
    isWaiting = true
    isActive.toggle()
    churn.changes(user, toActive: isActive, planned: time)
    connection.write(isActive ? churn.requests.auth(user) : churn.requests.logout)
  }
}

/// A connection that watches all users.
final class PresenceWatcher: LastingRole {
  private let churn: PresenceChurn
  private let account: Int
  private let setUp: [String]
  var connection: LoadConnection?
  private var answers = 0
  private var told: [Int]

  init(_ account: Int, _ churn: PresenceChurn) {
    (self.account, self.churn) = (account, churn)
    setUp = [churn.requests.resume(account), churn.requests.listen(account)] + churn.requests.watch(0..<churn.users)
    told = Array(repeating: 0, count: churn.users)
  }

  func opened(_ connection: LoadConnection) {
    self.connection = connection
    for line in setUp { connection.write(line) }
  }

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection) {
    switch LoadReply(bytes, range, .line) {
    case .refused: churn.refusals.note(LoadReply.code(bytes, range, .line))
    case .accepted:
      answers += 1
      if answers == setUp.count { churn.ready += 1 }
    case .event:
      guard let (user, isActive) = presence(bytes, range), user < told.count else { return }
      told[user] = churn.told(user, isActive: isActive, last: told[user], at: connection.now)
    }
  }

  func closed(_ connection: LoadConnection) {
    if self.connection != nil || answers < setUp.count { churn.broken += 1 }
    self.connection = nil
  }

  /// `{"event":"presence","user":"NAME","active":true`: all names have one length and end in five digits.
  private func presence(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (user: Int, isActive: Bool)? {
    let nameEnd = range.lowerBound + 28 + churn.requests.nameLength
    guard nameEnd + 11 < range.upperBound, bytes[range.lowerBound + 10] == UInt8(ascii: "p"),
      bytes[nameEnd] == UInt8(ascii: "\"")
    else { return nil }
    var user = 0
    for index in nameEnd - 5..<nameEnd { user = user * 10 + Int(bytes[index] &- UInt8(ascii: "0")) }
    return (user, bytes[nameEnd + 11] == UInt8(ascii: "t"))
  }
}
