// Owns: a script that answers nothing until it has a number of lines, then all of them in one write.
// Must never: answer out of order.
// Runs on: any.
import Synchronization

/// Echoes every line as its reply's message, `size` replies in one packet.
final class BatchScript: Sendable {
  private let size: Int
  private let held = Mutex<[String]>([])

  init(size: Int) {
    self.size = size
  }

  /// The script for ``ScriptedServer``.
  var script: ScriptedServer.Script {
    { line in
      self.held.withLock { lines in
        lines.append(line)
        guard lines.count == self.size else { return [] }
        return [.text(lines.map { "{\"status\":\"OK\",\"message\":\"\($0)\"}\r\n\r\n" }.joined())]
      }
    }
  }
}
