// Owns: the progress bar of the measurement that is under way.
// Must never: be drawn in between the lines of the table.
// Runs on: any thread.
import Synchronization

/// One bar after the other, each as long as its measurement says.
final class BenchProgress: Sendable {
  private let state = Mutex<(label: String, bar: Progress?, total: Int, done: Int)>(("", nil, 0, 0))

  /// A workload begins.
  func begin(_ label: String) { state.withLock { $0 = (label, nil, 0, 0) } }

  /// So many operations of its present phase are done.
  func show(_ done: Int, of total: Int) {
    state.withLock { state in
      if state.bar == nil || state.total != total || done < state.done {
        state.bar = Progress(total: total, label: state.label)
        (state.total, state.done) = (total, 0)
      }
      state.bar?.advance(by: done - state.done)
      state.done = done
    }
  }

  /// The workload is over; the line is cleared.
  func end() { state.withLock { $0.bar?.finish() } }
}
