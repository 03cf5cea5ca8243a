// SIGTERM and SIGINT: how a node is told to end, and how quickly.
// Never ends the process itself: the services do, in order.
// An async task around the node.

import ServiceLifecycle
import UnixSignals

/// Runs services until a signal ends them.
struct ShutdownSignals {
  private let signals: UnixSignalsSequence

  /// From here on both signals are ours.
  init() async { signals = await UnixSignalsSequence(trapping: .sigterm, .sigint) }

  /// The first SIGTERM ends the services gracefully: a node sends its clients elsewhere. SIGINT, or another SIGTERM, cancels
  /// them: in order as well, and at once. Returns when all have ended.
  func run(_ services: ServiceGroup) async throws {
    let running = Task { try await services.run() }
    let steering = Task {
      var isEnding = false
      for await signal in signals {
        if signal == .sigint || isEnding {
          running.cancel()
        } else {
          isEnding = true
          await services.triggerGracefulShutdown()
        }
      }
    }
    defer { steering.cancel() }
    do {
      try await running.value
    } catch is CancellationError {
      // That was the wish.
    }
  }
}
