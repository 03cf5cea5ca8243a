// Owns: the last rows of the terminal: the line being typed, and what is printed above it.
// Must never: mix the two: each change is one write that wipes the line, prints, and draws the line again.
// Runs on: any thread; writes happen in the order of the calls.
import ChatClient
import Synchronization

/// A terminal on which somebody types while messages arrive.
package final class LiveScreen: Sendable {
  private struct State {
    var editor = LineEditor()
    var columns: Int
    /// Whether the line being typed stands on the screen.
    var isShown = false
  }

  private let state: Mutex<State>
  private let write: @Sendable (String) -> Bool

  /// - Parameters:
  ///   - columns: the width of the terminal.
  ///   - write: puts a text on it as it is; false if nobody can see it any more.
  package init(columns: Int, write: @escaping @Sendable (String) -> Bool) {
    state = Mutex(State(columns: max(1, columns)))
    self.write = write
  }

  /// Shows the line being typed, and goes on showing it.
  package func begin() {
    state.withLock { state in
      state.isShown = true
      _ = write(Self.paint(state))
    }
  }

  /// Takes the line being typed off the screen; the cursor stands at the start of an empty row.
  package func end() {
    state.withLock { state in
      if state.isShown { _ = write(LinePainter.wipe) }
      state.isShown = false
    }
  }

  /// Prints above the line being typed. False if nobody can see it any more.
  @discardableResult
  package func show(_ lines: [ChatLine]) -> Bool {
    guard !lines.isEmpty else { return true }
    let text = lines.map { line in
      switch line {
      case .output(let text), .error(let text): text + "\n"
      }
    }.joined()
    return state.withLock { state in
      write(state.isShown ? LinePainter.wipe + text + Self.paint(state) : text)
    }
  }

  /// Carries keys out; answers what they lead to beyond a changed line, in order.
  package func press(_ keys: [Key]) -> [LineEditor.Action] {
    state.withLock { state in
      var actions: [LineEditor.Action] = []
      var text = ""
      for key in keys {
        switch state.editor.press(key) {
        case .edited: break
        case .refused: text += "\u{7}"
        case .redraw: text += "\u{1B}[H\u{1B}[2J"
        case .entered(let line):
          // The whole line stays above, however long it is.
          text += LinePainter.wipe + LinePainter.prompt + ChatTranscript.safe(line) + "\n"
          actions.append(.entered(line))
        case let action: actions.append(action)
        }
      }
      _ = write(text + Self.paint(state))
      return actions
    }
  }

  /// The terminal has another width, or another program has written on it.
  package func redraw(columns: Int) {
    state.withLock { state in
      state.columns = max(1, columns)
      if state.isShown { _ = write(LinePainter.wipe + Self.paint(state)) }
    }
  }

  /// See ``LineEditor/remember(_:)``.
  package func remember(_ line: String) { state.withLock { $0.editor.remember(line) } }

  /// See ``LineEditor/giveBack(_:)``.
  package func giveBack(_ line: String) {
    state.withLock { state in
      state.editor.giveBack(line)
      _ = write(Self.paint(state))
    }
  }

  private static func paint(_ state: State) -> String {
    LinePainter.paint(before: state.editor.before, after: state.editor.after, columns: state.columns)
  }
}
