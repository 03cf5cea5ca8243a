// Owns: what the tasks of a live conversation tell each other.
// Must never: wait.
// Runs on: any thread.
import Synchronization

/// The typed lines that were not carried out yet, and what is known of the server.
final class LiveStatus: Sendable {
  private let state = Mutex((lines: [String](), isConnected: true, isListening: true))

  /// The lines that wait or are under way, oldest first.
  var lines: [String] { state.withLock { $0.lines } }

  /// Whether the connection is there, as far as was told.
  var isConnected: Bool {
    get { state.withLock { $0.isConnected } }
    set { state.withLock { $0.isConnected = newValue } }
  }

  /// Whether messages arrive by themselves.
  var isListening: Bool {
    get { state.withLock { $0.isListening } }
    set { state.withLock { $0.isListening = newValue } }
  }

  /// False if too many lines wait.
  func addLine(_ line: String) -> Bool {
    state.withLock { state in
      guard state.lines.count < LiveChat.backlogLimit else { return false }
      state.lines.append(line)
      return true
    }
  }

  /// The oldest line was carried out, or refused.
  func finishLine() { state.withLock { _ = $0.lines.removeFirst() } }
}
