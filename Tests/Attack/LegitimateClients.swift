// Owns: the people who just use the service while it is attacked, and when each does what.
// Must never: wait for an answer before the next planned operation: a stall delays all behind it, and that is measured.
// Runs on: a thread of its own.
import DequeModule
import Glibc

/// Talkers, listeners and newcomers, each at a fixed rate, over plain connections from 127.0.0.1.
final class LegitimateClients {
  /// 20 requests a second of each talker, one acknowledgement a second of each listener.
  private static let talkPeriod = 50_000_000
  private static let listenPeriod = 1_000_000_000

  private let accounts: Accounts
  private let ledger: Ledger
  private let swarm: Swarm
  private var residents: [Resident] = []
  private var visits: Visits
  private var pushes: [Int: (planned: Int, phase: Int)] = [:]
  private var lastPush = 0
  private var lastLook = 0

  init(_ endpoint: Endpoint, _ accounts: Accounts, _ ledger: Ledger) {
    (self.accounts, self.ledger) = (accounts, ledger)
    swarm = Swarm(endpoint)
    visits = Visits(accounts, ledger, swarm)
    residents =
      accounts.talkers.map { Resident($0, listens: false) } + accounts.listeners.map { Resident($0, listens: true) }
  }

  /// Logs all in, then works until the ledger says that it is over.
  func run() {
    do throws(TestFailureText) {
      for index in residents.indices { try logIn(index) }
      visits.token = try logIn(accounts.newcomer, role: -1).token
    } catch {
      return ledger.started(.failure(error))
    }
    ledger.started(.success(()))
    let begin = Moment.now()
    for index in residents.indices {
      let period = residents[index].listens ? Self.listenPeriod : Self.talkPeriod
      residents[index].due = begin + period * index / residents.count
    }
    visits.begin(at: begin)
    while !ledger.isOver { turn() }
  }

  private func turn() {
    let due = residents.reduce(visits.due) { min($0, $1.due) }
    for event in swarm.turn(waiting: min(due - Moment.now(), 50_000_000)) { handle(event) }
    let now = Moment.now()
    for index in residents.indices where residents[index].due <= now { act(index) }
    visits.act(at: now)
    if now - lastLook > 100_000_000 {
      lastLook = now
      giveUp(at: now)
    }
  }

  // MARK: Starting

  private func logIn(_ index: Int) throws(TestFailureText) {
    let (peer, token) = try logIn(residents[index].name, role: index)
    (residents[index].peer, residents[index].token) = (peer, token)
    if residents[index].listens {
      swarm.write(line: "listen", to: peer)
      guard try answer(of: peer).isOK else { throw TestFailureText(description: "listen is refused") }
    }
  }

  private func logIn(_ name: String, role: Int) throws(TestFailureText) -> (peer: Peer, token: String) {
    guard let peer = swarm.connect(role: role) else { throw TestFailureText(description: "nobody listens") }
    swarm.write(line: "auth \(name) \(accounts.password)", to: peer)
    let reply = try answer(of: peer)
    guard let token = reply.text(of: "tokenid") else {
      throw TestFailureText(description: "\(name) can't log in: \(reply.name)")
    }
    ledger.note(token: token)
    return (peer, token)
  }

  /// What it says next, before anything else runs.
  private func answer(of peer: Peer) throws(TestFailureText) -> Answer {
    let deadline = Moment.now() + 4 * Ledger.patience
    while Moment.now() < deadline {
      for event in swarm.turn(waiting: 100_000_000) {
        if case .answer(let sender, let answer) = event, sender === peer, answer.event == nil { return answer }
        if case .ended(let sender) = event, sender === peer { throw TestFailureText(description: "closed at login") }
      }
    }
    throw TestFailureText(description: "no answer to a login")
  }

  // MARK: Working

  private func act(_ index: Int) {
    let planned = residents[index].due
    residents[index].due += residents[index].listens ? Self.listenPeriod : Self.talkPeriod
    let isOpen = residents[index].peer?.isOpen ?? false
    if !isOpen { comeBack(index) }
    guard let phase = ledger.phase else { return }
    guard isOpen, residents[index].isThere else {
      ledger.planned(in: phase)
      return ledger.failed(.request, "not connected", in: phase)
    }
    let line = residents[index].listens ? residents[index].nextOfListener() : nextOfTalker(index, planned, phase)
    ask(line, index, planned, phase)
  }

  private func ask(_ line: (text: String, push: Int?), _ index: Int, _ planned: Int, _ phase: Int) {
    guard let peer = residents[index].peer else { return }
    residents[index].waiting.append(.init(planned: planned, phase: phase, push: line.push))
    ledger.planned(in: phase)
    swarm.write(line: line.text, to: peer)
  }

  /// By turns: a message to a talker, a look into the inbox, its confirmation, a message to a listener.
  private func nextOfTalker(_ index: Int, _ planned: Int, _ phase: Int) -> (text: String, push: Int?) {
    residents[index].turn += 1
    switch residents[index].turn % 4 {
    case 0: return ("send \(accounts.talkers[(index + 1) % accounts.talkers.count]) \(Secrets.text)", nil)
    case 1: return ("inbox", nil)
    case 2: return (residents[index].confirmation() ?? "ping", nil)
    default:
      lastPush += 1
      pushes[lastPush] = (planned, phase)
      ledger.planned(in: phase)
      return (
        "send \(accounts.listeners[lastPush % accounts.listeners.count]) no \(lastPush) \(Secrets.text)", lastPush
      )
    }
  }

  private func handle(_ event: Swarm.Event) {
    switch event {
    case .opened: break
    case .answer(let peer, let answer):
      guard residents.indices.contains(peer.role) else { return visits.answered(peer, answer) }
      if answer.event == nil { replied(peer.role, answer) } else { told(peer.role, answer) }
    case .ended(let peer):
      guard residents.indices.contains(peer.role) else { return visits.ended(peer) }
      fail(peer.role, "closed")
    }
  }

  private func replied(_ index: Int, _ answer: Answer) {
    if !residents[index].isThere {  // the reply to `resume` or `listen`
      residents[index].missing -= 1
      if !answer.isOK, let peer = residents[index].peer { swarm.close(peer, withReset: true) }
      return
    }
    guard let asked = residents[index].waiting.popFirst() else { return }
    if answer.isOK {
      ledger.measured(.request, planned: asked.planned, in: asked.phase)
      if !residents[index].listens, let seen = answer.largestNumber(of: "seq") { residents[index].saw(seen) }
    } else {
      ledger.failed(.request, answer.isOverload ? Ledger.overload : answer.name, in: asked.phase)
      if let push = asked.push, let lost = pushes.removeValue(forKey: push) {
        ledger.failed(.push, Ledger.notSent, in: lost.phase)
      }
    }
  }

  /// An event: a message that somebody has sent.
  private func told(_ index: Int, _ answer: Answer) {
    guard answer.event == "message", let sequence = answer.number(of: "seq") else { return }
    residents[index].saw(sequence)
    let words = answer.text(of: "msg")?.split(separator: " ") ?? []
    guard words.count > 1, let number = Int(words[1]), let push = pushes.removeValue(forKey: number) else { return }
    ledger.measured(.push, planned: push.planned, in: push.phase)
  }

  // MARK: Failing

  private func giveUp(at now: Int) {
    for index in residents.indices {
      if let first = residents[index].waiting.first, now - first.planned > Ledger.patience { fail(index, "late") }
    }
    for (number, push) in pushes where now - push.planned > Ledger.patience {
      pushes[number] = nil
      ledger.failed(.push, "late", in: push.phase)
    }
    visits.giveUp(at: now)
  }

  private func fail(_ index: Int, _ reason: String) {
    while let asked = residents[index].waiting.popFirst() { ledger.failed(.request, reason, in: asked.phase) }
    if let peer = residents[index].peer { swarm.close(peer, withReset: true) }
  }

  /// With its token, as a client does whose connection broke.
  private func comeBack(_ index: Int) {
    let peer = swarm.connect(role: index)
    residents[index].peer = peer
    residents[index].missing = residents[index].listens ? 2 : 1
    guard let peer else { return }
    swarm.write(line: "resume \(residents[index].token)", to: peer)
    if residents[index].listens { swarm.write(line: "listen", to: peer) }
  }
}
