// Owns: many short connections, so many at a time: logins, resumptions, collected inboxes, and those that stay.
// Must never: begin a visit after it was stopped.
// Runs on: the generator's event loop.
import NIOCore

/// Visits to accounts in turn: connect, log in, do what the purpose says, leave.
final class Visits {
  /// What a visit is for.
  enum Purpose {
    /// Log in with the password and leave.
    case login
    /// Bind to a session without hashing and leave.
    case resume
    /// Bind to a session and stay until `end()`.
    case stay
    /// Log in with the password, collect until nothing waits, and leave.
    case collect(Traffic)
  }

  let wire: Wire
  let purpose: Purpose
  let requests: LoadRequests
  var refusals = Refusals()
  /// Connections that ended too early.
  var broken = 0
  private(set) var latency = Latency()
  /// Visits that did what they were for.
  private(set) var done = 0
  /// When the last of them was done.
  private(set) var lastDone: UInt64 = 0
  /// No visit begins any more.
  var isStopped = false
  /// `end()` was called.
  private(set) var hasEnded = false
  private let accounts: [Int]
  private let count: Int
  private let connector: Connector
  private var begun = 0
  private var underWay = 0
  private var staying: [LoadConnection] = []

  /// `count` visits, to `accounts` in turn.
  init(_ purpose: Purpose, wire: Wire, requests: LoadRequests, accounts: [Int], count: Int, connector: Connector) {
    (self.purpose, self.wire, self.requests, self.accounts) = (purpose, wire, requests, accounts)
    (self.count, self.connector) = (count, connector)
  }

  /// Begins with so many at a time.
  func begin(atATime: Int) { for _ in 0..<atATime { beginNext() } }

  /// Nobody is on the way, and nobody will be.
  var isDone: Bool { underWay == 0 && (isStopped || begun == count) }

  /// Lets go of those who stayed.
  func end() {
    hasEnded = true
    for connection in staying { connection.close() }
    staying = []
  }

  /// Called by a visit that did what it was for.
  func finished(from start: UInt64, at now: UInt64) {
    latency.record(from: start, to: now)
    done += 1
    lastDone = now
  }

  /// Called by a visit that stays.
  func stay(_ connection: LoadConnection) {
    staying.append(connection)
    underWay -= 1
    beginNext()
  }

  /// Called when a visitor has left.
  func left() {
    underWay -= 1
    beginNext()
  }

  private func beginNext() {
    guard !isStopped, begun < count else { return }
    let account = accounts[begun % accounts.count]
    begun += 1
    underWay += 1
    connector.open(Visit(account, self))
  }
}

/// One of them.
final class Visit: ConnectionRole {
  private let visits: Visits
  private let account: Int
  private let start = NIODeadline.now().uptimeNanoseconds
  private var isLoggedIn = false
  private var isFinished = false
  private var isStaying = false

  init(_ account: Int, _ visits: Visits) { (self.account, self.visits) = (account, visits) }

  func opened(_ connection: LoadConnection) {
    switch visits.purpose {
    case .login, .collect: connection.write(visits.requests.auth(account))
    case .resume, .stay: connection.write(visits.requests.resume(account))
    }
  }

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection) {
    switch LoadReply(bytes, range, visits.wire) {
    case .event: break
    case .refused:
      visits.refusals.note(LoadReply.code(bytes, range, visits.wire))
      connection.close()
    case .accepted where !isLoggedIn:
      isLoggedIn = true
      loggedIn(connection)
    case .accepted:
      guard case .collect(let traffic) = visits.purpose else { return }
      collect(bytes, range, traffic, connection)
    }
  }

  func closed(_ connection: LoadConnection) {
    if !isFinished || isStaying, !visits.hasEnded { visits.broken += 1 }
    if !isStaying { visits.left() }
  }

  private func loggedIn(_ connection: LoadConnection) {
    switch visits.purpose {
    case .login, .resume: finish(connection)
    case .stay:
      visits.finished(from: start, at: connection.now)
      (isFinished, isStaying) = (true, true)
      visits.stay(connection)
    case .collect: connection.write(visits.requests.collect(account))
    }
  }

  private func collect(_ bytes: Span<UInt8>, _ range: Range<Int>, _ traffic: Traffic, _ connection: LoadConnection) {
    var found = 0
    LoadReply.messages(bytes, range, size: traffic.requests.payload) {
      traffic.received($0, by: account, at: connection.now)
      found += 1
    }
    if found > 0 { connection.write(visits.requests.collect(account)) } else { finish(connection) }
  }

  private func finish(_ connection: LoadConnection) {
    visits.finished(from: start, at: connection.now)
    isFinished = true
    connection.close()
  }
}
