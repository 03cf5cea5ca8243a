// Makes the ids of messages.
// Never makes one twice: not on another loop, another node, or after a restart.
// On one event loop.

import ChatProtocol

/// Counts messages from an origin that is drawn once per event loop and process.
struct MessageIDs {
  private let origin = UInt64.random(in: .min ... .max)
  private var count: UInt64 = 0

  mutating func next() -> MessageID {
    count += 1
    return MessageID(origin: origin, number: count)
  }
}
