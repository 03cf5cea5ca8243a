// Owns: waiting until something may have changed: a version that grows, and those who wait for it to grow.
// Must never: say what has changed; who wakes looks again.
// Runs on: any thread.
import Synchronization

/// Wakes every waiter. Read ``version`` before looking at the state, then wait since it: no change is missed.
final class Signal: Sendable {
  private struct State {
    var version: UInt64 = 0
    var waiters: [UInt64: Pending<Void>] = [:]
    var lastWaiter: UInt64 = 0
  }

  private let state = Mutex(State())

  /// Grows with every ``raise()``.
  var version: UInt64 { state.withLock { $0.version } }

  /// Something may have changed.
  func raise() {
    let waiters = state.withLock { state in
      state.version += 1
      defer { state.waiters.removeAll() }
      return state.waiters
    }
    for waiter in waiters.values { waiter.answer(()) }
  }

  /// Returns once the version is another one, or the task is cancelled.
  func wait(since version: UInt64) async {
    let waiter = Pending<Void>()
    let number = state.withLock { state -> UInt64? in
      guard state.version == version else { return nil }
      state.lastWaiter += 1
      state.waiters[state.lastWaiter] = waiter
      return state.lastWaiter
    }
    guard let number else { return }
    await waiter.value(cancelled: ())
    state.withLock { _ = $0.waiters.removeValue(forKey: number) }
  }

  /// The same, but not beyond a deadline.
  func wait(since version: UInt64, until deadline: ContinuousClock.Instant) async {
    await withTaskGroup { group in
      group.addTask { await self.wait(since: version) }
      group.addTask { try? await Task.sleep(until: deadline) }
      await group.next()
      group.cancelAll()
    }
  }
}
