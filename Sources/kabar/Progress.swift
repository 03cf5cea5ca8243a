// A progress bar for long work.
// Never drawn where nobody watches: only on a terminal, on standard error.
// Any thread.

import Foundation
import Synchronization

/// Counts steps and shows them, at most ten times a second.
final class Progress: Sendable {
  private let total: Int
  private let label: String
  private let isShown = isatty(STDERR_FILENO) == 1
  private let state = Mutex((done: 0, drawn: ContinuousClock.now - .seconds(1)))

  init(total: Int, label: String) {
    self.total = total
    self.label = label
  }

  /// Some steps more, never beyond the total.
  func advance(by steps: Int = 1) {
    let (done, isDue) = state.withLock { state in
      state.done = min(total, state.done + steps)
      let now = ContinuousClock.now
      guard now - state.drawn > .milliseconds(100) || state.done == total else { return (state.done, false) }
      state.drawn = now
      return (state.done, true)
    }
    if isDue { draw(done) }
  }

  /// The work is over; the line is cleared.
  func finish() {
    if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }

  private func draw(_ done: Int) {
    guard isShown, total > 0 else { return }
    let width = 30
    let filled = done * width / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    FileHandle.standardError.write(Data("\r\(label) \(bar) \(done)/\(total)".utf8))
  }
}
