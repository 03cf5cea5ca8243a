// Owns: one value that somebody waits for, answered exactly once: by its source or by the cancellation of the waiter.
// Must never: resume twice, or leave the waiter without an answer.
// Runs on: any thread.
import Synchronization

/// A value to come. The first answer counts; ``answer(_:)`` says whether it was the first.
final class Pending<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case waiting(CheckedContinuation<Value, Never>)
    /// The answer came before anybody waited.
    case answered(Value)
    case taken
  }

  private let state = Mutex(State.empty)

  /// Gives the answer; false if there was one already.
  @discardableResult
  func answer(_ value: Value) -> Bool {
    let (isFirst, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Value, Never>?) in
      switch state {
      case .empty:
        state = .answered(value)
        return (true, nil)
      case .waiting(let waiter):
        state = .taken
        return (true, waiter)
      case .answered, .taken: return (false, nil)
      }
    }
    waiter?.resume(returning: value)
    return isFirst
  }

  /// Waits for the answer, once; `cancelled` is the answer if the task is cancelled first.
  func value(cancelled: Value) async -> Value {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let early = state.withLock { state -> Value? in
          if case .answered(let value) = state {
            state = .taken
            return value
          }
          state = .waiting(waiter)
          return nil
        }
        if let early { waiter.resume(returning: early) }
      }
    } onCancel: {
      answer(cancelled)
    }
  }
}
