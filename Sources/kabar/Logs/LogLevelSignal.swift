// SIGUSR1: the log says more, step by step, and then again what it was asked to say.
// Never touches anything but the level.
// An async task beside the node.

import Logging
import ServiceLifecycle
import UnixSignals

/// Changes the level of the log while the node runs.
struct LogLevelSignal: Service {
  private let control: LogControl
  private let logger: Logger
  private let signals: UnixSignalsSequence

  /// From here on SIGUSR1 does not end the process.
  init(_ control: LogControl, logger: Logger) async {
    (self.control, self.logger) = (control, logger)
    signals = await UnixSignalsSequence(trapping: .sigusr1)
  }

  func run() async throws {
    for await _ in signals.cancelOnGracefulShutdown() {
      let level = control.stepLevel()
      // Of a level that every setting shows.
      logger.critical("the log level is \(level) now")
    }
  }
}
