// The log of a node on its standard error: one line for each event.
// Never blocks on anything but that descriptor, never keeps a line.
// Any thread.

import ChatProtocol
import ChatState
import Glibc
import Logging
import NIOCore

/// Writes lines in one format. The level is the process's: see `LogControl`.
struct LineLogHandler: LogHandler {
  let format: LogFormat
  let control: LogControl
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(_ format: LogFormat, _ control: LogControl) { (self.format, self.control) = (format, control) }

  var logLevel: Logger.Level {
    get { control.level }
    set {}  // one logger alone can't be louder: the operator's signal counts for all
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let message = "\(event.message)"
    let (isWritten, suppressed) = control.admit(event.level, message, at: .now())
    guard isWritten else { return }
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }
    if suppressed > 0 { fields["suppressed"] = "\(suppressed)" }
    let line = format.line(at: WallClock.now().description, event.level, message, fields)
    // One call for a line, or those of other threads could stand in it. What can't be written is lost: there is nowhere to say so.
    _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
