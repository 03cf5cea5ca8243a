// Owns: the legitimate clients that come and go: new connections with a token, and with a password.
// Must never: share a connection with anybody.
// Runs on: the thread of the legitimate clients.

/// 20 arrivals and one login a second.
struct Visits {
  private struct Visit {
    let operation: Operation
    let planned: Int
    let phase: Int
    let peer: Peer?
    var isMeasured = false
  }

  private static let arrivalPeriod = 50_000_000
  private static let loginPeriod = 1_000_000_000

  /// Of the session that arrivals resume.
  var token = ""
  private let accounts: Accounts
  private let ledger: Ledger
  private let swarm: Swarm
  private var visits: [Int: Visit] = [:]
  private var last = 1_000_000
  private var arrivalDue = Int.max
  private var loginDue = Int.max
  private var logins = 0

  init(_ accounts: Accounts, _ ledger: Ledger, _ swarm: Swarm) {
    (self.accounts, self.ledger, self.swarm) = (accounts, ledger, swarm)
  }

  /// When the next one is planned.
  var due: Int { min(arrivalDue, loginDue) }

  mutating func begin(at time: Int) { (arrivalDue, loginDue) = (time, time) }

  mutating func act(at now: Int) {
    if arrivalDue <= now {
      start(.arrival, "resume \(token)", planned: arrivalDue)
      arrivalDue += Self.arrivalPeriod
    }
    if loginDue <= now {
      let name = accounts.visitors[logins % accounts.visitors.count]
      start(.login, "auth \(name) \(accounts.password)", planned: loginDue)
      loginDue += Self.loginPeriod
      logins += 1
    }
  }

  private mutating func start(_ operation: Operation, _ line: String, planned: Int) {
    guard let phase = ledger.phase else { return }
    last += 1
    ledger.planned(in: phase)
    let peer = swarm.connect(role: last)
    if let peer { swarm.write(line: line, to: peer) }
    visits[last] = Visit(operation: operation, planned: planned, phase: phase, peer: peer)
    if peer == nil { finish(last, failure: "no connection") }
  }

  /// The first answer is what is measured; behind a login the session is ended, too.
  mutating func answered(_ peer: Peer, _ answer: Answer) {
    guard let visit = visits[peer.role] else { return }
    if !answer.isOK { return finish(peer.role, failure: visit.isMeasured ? nil : answer.name) }
    if visit.isMeasured { return finish(peer.role, failure: nil) }
    ledger.measured(visit.operation, planned: visit.planned, in: visit.phase)
    if visit.operation == .login {
      visits[peer.role]?.isMeasured = true
      swarm.write(line: "logout", to: peer)
    } else {
      visits[peer.role] = nil
      swarm.close(peer)
    }
  }

  mutating func ended(_ peer: Peer) { finish(peer.role, failure: "closed") }

  mutating func giveUp(at now: Int) {
    for (number, visit) in visits where now - visit.planned > Ledger.patience { finish(number, failure: "late") }
  }

  private mutating func finish(_ number: Int, failure: String?) {
    guard let visit = visits.removeValue(forKey: number) else { return }
    if let failure, !visit.isMeasured { ledger.failed(visit.operation, failure, in: visit.phase) }
    if let peer = visit.peer { swarm.close(peer) }
  }
}
