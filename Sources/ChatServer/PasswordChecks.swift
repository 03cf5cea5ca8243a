// Runs password hashing away from the event loops, a few at a time.
// Never lets the queue grow past its bound, nor one source of logins keep the others from their turn.
// Called from any event loop; the work runs on threads of its own.

import ChatState
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A bounded pool for scrypt. Whoever wants to hash takes a turn, runs what it has to run, and ends the turn: what it asks
/// Redis in between is decided before the next one hashes.
final class PasswordChecks: Sendable {
  /// What came of asking for a turn.
  enum Turn {
    case now
    /// `false`: it has waited as long as it may, somebody else needed the place more, or the node stops.
    case later(EventLoopFuture<Bool>)
    /// Too many wait.
    case refused
  }

  private struct State {
    var running = 0
    var isStopped = false
    var waiting: TurnQueue<EventLoopPromise<Bool>>
  }

  private let pool: NIOThreadPool
  private let threads: Int
  private let state: Mutex<State>
  private let hasWarned = Atomic(false)

  /// `threads` turns at once; `waiting` from sources that are known may queue, and as many strangers.
  init(threads: Int, waiting: Int) {
    pool = NIOThreadPool(numberOfThreads: threads)
    self.threads = threads
    state = Mutex(State(waiting: TurnQueue(bound: waiting)))
    pool.start()
  }

  /// Turns that are taken now, and logins that wait for one.
  var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

  /// Takes a turn, or waits for one until `deadline`; somebody has logged in from known sources before. `endTurn` must follow
  /// each turn that was taken.
  func takeTurn(
    for source: LoginSource, isKnown: Bool, until deadline: NIODeadline, on eventLoop: any EventLoop
  ) -> Turn {
    let (turn, displaced) = state.withLock { state -> (Turn, EventLoopPromise<Bool>?) in
      if state.isStopped { return (.refused, nil) }
      if state.running < threads {
        state.running += 1
        return (.now, nil)
      }
      let promise = eventLoop.makePromise(of: Bool.self)
      guard let displaced = state.waiting.append(promise, of: source, isKnown: isKnown) else {
        return (.later(promise.futureResult), nil)
      }
      return (displaced.futureResult === promise.futureResult ? .refused : .later(promise.futureResult), displaced)
    }
    displaced?.succeed(false)
    if case .later(let turn) = turn { end(turn, of: source, at: deadline, on: eventLoop) }
    return turn
  }

  /// Whoever takes a place out of the queue decides what becomes of it: so each waits for one answer, whatever comes at once.
  private func end(
    _ turn: EventLoopFuture<Bool>, of source: LoginSource, at deadline: NIODeadline, on eventLoop: any EventLoop
  ) {
    let end = eventLoop.scheduleTask(deadline: deadline) {
      let place = self.state.withLock { $0.waiting.remove(of: source) { $0.futureResult === turn } }
      place?.succeed(false)
    }
    turn.whenComplete { _ in end.cancel() }
  }

  /// Takes a turn if nobody else needs one now.
  func takeIdleTurn() -> Bool {
    state.withLock { state in
      guard !state.isStopped, state.running < threads else { return false }
      state.running += 1
      return true
    }
  }

  /// Lets the next one have its turn.
  func endTurn() {
    let next = state.withLock { state -> EventLoopPromise<Bool>? in
      let next = state.waiting.popFirst()
      if next == nil { state.running -= 1 }
      return next
    }
    next?.succeed(true)
  }

  /// Hashes, within a turn. Fails once the node stops.
  func run<Value: Sendable>(
    on eventLoop: any EventLoop, _ work: @escaping @Sendable () throws -> Value
  ) -> EventLoopFuture<Value> {
    pool.runIfActive(eventLoop: eventLoop) {
      self.yieldToEventLoops()
      return try work()
    }
  }

  /// A hash takes a core for a tenth of a second: messages come first. On Linux each thread has a nice value of its own
  /// (setpriority(2), "C library/kernel differences"); once raised it stays.
  private func yieldToEventLoops() {
    guard setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) != 0 else { return }
    let reason = String(cString: strerror(errno))
    if hasWarned.exchange(true, ordering: .relaxed) { return }
    Logger(label: "kabar").warning("password hashes can't give way to messages: setpriority: \(reason)")
  }

  func stop() async {
    let left = state.withLock { state in
      state.isStopped = true
      var left: [EventLoopPromise<Bool>] = []
      while let promise = state.waiting.popFirst() { left.append(promise) }
      return left
    }
    for promise in left { promise.succeed(false) }
    try? await pool.shutdownGracefully()
  }
}
