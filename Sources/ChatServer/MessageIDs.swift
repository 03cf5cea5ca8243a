// Makes the ids of messages.
// Never makes one twice: not on another loop, another node, or after a restart.
// On one event loop.

/// Ids of the form `q3v9k1d0w7xz-1f`: 60 random bits drawn once per event loop and process, then a counter.
struct MessageIDs {
  private let prefix: String
  private var count: UInt64 = 0

  init() {
    prefix = String((0..<12).compactMap { _ in "0123456789abcdefghjkmnpqrstvwxyz".randomElement() }) + "-"
  }

  mutating func next() -> String {
    count += 1
    return prefix + String(count, radix: 32)
  }
}
