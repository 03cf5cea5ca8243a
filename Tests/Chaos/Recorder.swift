// Owns: the history while it is being made, and what the clients must know of the run.
// Must never: judge.
// Runs on: any thread.
import Foundation
import Synchronization

/// How far a run is.
enum Phase: Int, Comparable, Sendable {
  /// Senders send.
  case sending
  /// No new messages; tagged ones are repeated until they are acknowledged.
  case settling
  /// All senders are done; collectors empty the inboxes.
  case draining
  /// Everybody stops.
  case over

  static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
}

/// Shared by all clients of a run.
final class Recorder: Sendable {
  /// How long a node may take to answer: its deadline and a margin.
  static let patience = 2000 + 3000

  private struct State {
    var history = History()
    var acknowledged = 0
    var phase = Phase.sending
    /// When a node stood still by our own hand: it can't answer then.
    var pauses: [(from: Int, to: Int?)] = []
  }
  private let state = Mutex(State())
  private let begin = FaultProxy.now()

  /// Milliseconds since the beginning, for the report.
  var time: Int { FaultProxy.now() - begin }

  var phase: Phase {
    get { state.withLock { $0.phase } }
    set { state.withLock { $0.phase = newValue } }
  }

  /// Acknowledged messages and requests so far.
  var figures: (acknowledged: Int, requests: Int) { state.withLock { ($0.acknowledged, $0.history.requests) } }

  func add(_ sends: [Send]) {
    state.withLock { state in
      state.history.sends += sends
      state.acknowledged += sends.count { $0.outcome == .ok }
    }
  }

  func add(_ view: View) { state.withLock { $0.history.views.append(view) } }

  func countRequests(_ count: Int) { state.withLock { $0.history.requests += count } }

  func incident(_ text: String) { state.withLock { $0.history.incidents.append(text) } }

  /// A node stands still from now on, until `resume` is called with the answer.
  func pause() -> Int {
    state.withLock { state in
      state.pauses.append((FaultProxy.now(), nil))
      return state.pauses.count - 1
    }
  }

  /// The node of that pause runs again.
  func resume(_ pause: Int) { state.withLock { $0.pauses[pause].to = FaultProxy.now() + Self.wakeUp } }

  /// What a node that was stopped has to get the processor again on a busy machine, in milliseconds.
  private static let wakeUp = 200

  /// Until when a request written at `time` must be answered, as it looks now: a client does not know which node it
  /// talks to, so every pause of any node since then counts.
  func deadline(since time: Int) -> Int {
    state.withLock { state in
      var deadline = time + Self.patience
      for pause in state.pauses {
        let end = pause.to ?? FaultProxy.now() + Self.wakeUp
        if end > time, pause.from < deadline { deadline += end - max(pause.from, time) }
      }
      return deadline
    }
  }

  /// The reply to a request written at `time` is there.
  func answered(since time: Int) {
    let allowance = deadline(since: time) - time - Self.patience
    let elapsed = FaultProxy.now() - time - allowance
    state.withLock { $0.history.slowestReply = max($0.history.slowestReply, elapsed) }
  }

  /// A request got neither an answer nor an end in time.
  func overdue(_ text: String) { state.withLock { $0.history.overdue.append(text) } }

  func history() -> History { state.withLock { $0.history } }
}

extension LineConnection {
  /// The reply to a request written at `time`, in time for `recorder`. What comes too late is recorded.
  func reply(since time: Int, _ what: @autoclosure () -> String, _ recorder: Recorder) throws(NoReply) -> WireReply {
    while true {
      do throws(NoReply) {
        if let reply = try reply(until: recorder.deadline(since: time)) {
          recorder.answered(since: time)
          return reply
        }
        recorder.incident("a reply to \(what()) is no JSON object with a status")
        throw .closed
      } catch .late where recorder.deadline(since: time) > FaultProxy.now() {
        continue  // a node was stopped meanwhile
      } catch {
        if case .late = error {
          recorder.overdue("\(what()), written \(FaultProxy.now() - time) ms ago")
        }
        throw error
      }
    }
  }

  /// Logs in; the token, or `nil` if that is refused for the moment.
  func logIn(_ user: String, _ recorder: Recorder) throws(NoReply) -> String? {
    let now = FaultProxy.now()
    recorder.countRequests(1)
    try write(["auth \(user) pw"], until: recorder.deadline(since: now))
    return try reply(since: now, "auth of \(user)", recorder).token
  }
}
