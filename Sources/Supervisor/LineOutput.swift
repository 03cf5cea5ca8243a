// Owns: what `kabar up` writes itself, on stdout and stderr.
// Must never: buffer: scripts wait for a line, also when stdout is a file.
// Runs on: the main thread.
import Glibc

enum LineOutput {
  /// Writes `text` and a line end to the descriptor. A reader that went away is no reason to stop a cluster.
  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array((text + "\n").utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written > 0 { rest = rest.dropFirst(written) }
      if written < 0, errno != EINTR { return }
    }
  }
}
