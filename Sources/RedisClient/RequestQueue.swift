// The requests of one client: those that wait to be written and those whose reply is awaited, in order.
// Never grows past its bounds, never loses a completion, never does I/O.
// Pure value; on the event loop of its client.

import DequeModule
import NIOCore

/// First in, first out, as RESP answers. `Completion` is whatever the owner calls with the outcome.
struct RequestQueue<Completion> {
  /// How much may be on its way, waiting and written together.
  struct Limits: Sendable {
    var requests = 16384
    var bytes = 64 << 20
  }

  private struct Slot {
    let command: RedisCommand
    let deadline: NIODeadline
    /// `nil` once the deadline has passed: the slot stays, because its reply will still come.
    var completion: Completion?
    var writtenAt = NIODeadline.uninitialized
    /// Written on a connection that was lost, and now waiting for the next: Redis may have carried it out.
    var wasWritten = false
  }

  /// The outcome of a look at the clock.
  struct Expiry {
    /// Requests whose deadline has passed.
    var timedOut: [(completion: Completion, written: Bool)] = []
    /// The oldest reply is so late that the connection can't be trusted any more.
    var isStalled = false
  }

  private let limits: Limits
  private var written = Deque<Slot>()
  private var waiting = Deque<Slot>()
  private var bytes = 0

  init(limits: Limits) { self.limits = limits }

  var isEmpty: Bool { written.isEmpty && waiting.isEmpty }
  var hasWaiting: Bool { !waiting.isEmpty }
  /// Requests on their way, waiting and written.
  var count: Int { written.count + waiting.count }

  /// Adds a request behind all others; `false` if it does not fit.
  mutating func add(_ command: RedisCommand, deadline: NIODeadline, _ completion: Completion) -> Bool {
    let size = command.encoded.count
    guard count < limits.requests, bytes + size <= limits.bytes else { return false }
    bytes += size
    waiting.append(Slot(command: command, deadline: deadline, completion: completion))
    return true
  }

  /// Adds a request of the client's own, beyond the bounds.
  mutating func addReserved(_ command: RedisCommand, deadline: NIODeadline, _ completion: Completion) {
    bytes += command.encoded.count
    waiting.append(Slot(command: command, deadline: deadline, completion: completion))
  }

  /// Moves all that waits to the written ones and appends its bytes to `buffer`. Answers whether an append is among it.
  mutating func write(to buffer: inout ByteBuffer, now: NIODeadline) -> Bool {
    var holdsAppend = false
    while var slot = waiting.popFirst() {
      slot.writtenAt = now
      buffer.writeBytes(slot.command.encoded)
      holdsAppend = holdsAppend || slot.command.isAppend
      written.append(slot)
    }
    return holdsAppend
  }

  /// The request that the next reply answers: `nil` if none is awaited. Its completion is `nil` if it has timed out.
  /// `wasWritten`: also on a connection that was lost.
  mutating func nextAnswered()
    -> (command: RedisCommand, deadline: NIODeadline, completion: Completion?, wasWritten: Bool)?
  {
    guard let slot = written.popFirst() else { return nil }
    bytes -= slot.command.encoded.count
    return (slot.command, slot.deadline, slot.completion, slot.wasWritten)
  }

  /// Takes out what has timed out. Written requests leave their slot, waiting ones vanish.
  mutating func expire(now: NIODeadline, replyTimeout: TimeAmount) -> Expiry {
    var expiry = Expiry()
    for index in written.indices where written[index].deadline <= now {
      guard let completion = written[index].completion else { continue }
      expiry.timedOut.append((completion, true))
      written[index].completion = nil
    }
    if waiting.contains(where: { $0.deadline <= now }) {
      for slot in waiting where slot.deadline <= now {
        bytes -= slot.command.encoded.count
        if let completion = slot.completion { expiry.timedOut.append((completion, slot.wasWritten)) }
      }
      waiting.removeAll { $0.deadline <= now }
    }
    if let oldest = written.first { expiry.isStalled = oldest.writtenAt + replyTimeout <= now }
    return expiry
  }

  /// The connection is gone: takes out the written requests that must not be repeated (or all). The others wait for the
  /// next connection, before all that waited already.
  mutating func connectionLost(repeating mayRepeat: Bool) -> [Completion] {
    var lost: [Completion] = []
    while var slot = written.popLast() {
      if mayRepeat, slot.completion != nil, slot.command.repetition != .never {
        slot.wasWritten = true
        waiting.prepend(slot)
      } else {
        bytes -= slot.command.encoded.count
        if let completion = slot.completion { lost.append(completion) }
      }
    }
    return lost.reversed()
  }

  /// Takes out everything that waits.
  mutating func removeWaiting() -> [Completion] {
    defer { waiting.removeAll() }
    for slot in waiting { bytes -= slot.command.encoded.count }
    return waiting.compactMap(\.completion)
  }
}

extension NIODeadline {
  fileprivate static let uninitialized = NIODeadline.uptimeNanoseconds(0)
}
