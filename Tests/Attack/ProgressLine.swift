// Owns: the line that says how far a run is.
// Must never: be written to what is no terminal.
// Runs on: the main thread.
import Foundation
import Glibc

/// A bar on standard error.
final class ProgressLine {
  private let isShown = isatty(STDERR_FILENO) == 1
  private let begin = Moment.now()
  private var shown = 0
  /// About how long the run takes, in seconds.
  var total = 1
  /// What happens now.
  var what = ""

  /// Draws, at most five times a second.
  func show() {
    let now = Moment.now()
    guard isShown, now - shown > 200_000_000 else { return }
    shown = now
    let width = 30
    let seconds = (now - begin) / 1_000_000_000
    let filled = min(seconds * width / max(total, 1), width)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    write("\r\u{1B}[K\(bar) \(seconds) of about \(total) s: \(what)")
  }

  /// Clears the line.
  func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
