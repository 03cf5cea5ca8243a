// What a node tells Redis of its load, from one measurement to the next.
// Never asks a clock or an event loop: the caller brings both.
// Pure value; on the first event loop of the process.

import ChatState
import NIOCore

/// Turns totals into a rate.
struct LoadMeter {
  /// What was measured last.
  private(set) var load = NodeLoad.none
  private var lastMeasured: NIODeadline?

  /// Takes a measurement; `messages` counts from the start of the process.
  mutating func measured(connections: Int, messages: Int, at now: NIODeadline) {
    var rate = 0.0
    if let lastMeasured, lastMeasured < now {
      rate = Double(max(0, messages - load.messages)) * 1e9 / Double((now - lastMeasured).nanoseconds)
    }
    load = NodeLoad(connections: connections, messages: messages, rate: rate)
    lastMeasured = now
  }
}
