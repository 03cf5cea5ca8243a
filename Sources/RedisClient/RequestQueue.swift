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

  /// One request in the queue.
  struct Request {
    let command: RedisCommand
    let deadline: NIODeadline
    /// `nil` once the deadline has passed: a written request stays, because its reply will still come.
    fileprivate(set) var completion: Completion?
    fileprivate var writtenAt = NIODeadline.uninitialized
    /// Written on a connection that was lost: Redis may have carried it out.
    fileprivate(set) var wasWritten = false
  }

  /// The outcome of a look at the clock.
  struct Expiry {
    /// Requests whose deadline has passed.
    var timedOut: [(completion: Completion, written: Bool)] = []
    /// The oldest reply is so late that the connection can't be trusted any more.
    var isStalled = false
  }

  private let limits: Limits
  private var requests = Deque<Request>()
  /// So many of them, the oldest, are written on the present connection; the others wait.
  private var written = 0
  private var bytes = 0

  init(limits: Limits) { self.limits = limits }

  var isEmpty: Bool { requests.isEmpty }
  /// Requests that wait to be written.
  var waiting: Int { requests.count - written }
  /// Requests on their way, waiting and written.
  var count: Int { requests.count }

  /// Adds a request behind all others; `false` if it does not fit.
  mutating func add(_ command: RedisCommand, deadline: NIODeadline, _ completion: Completion) -> Bool {
    guard count < limits.requests, bytes + command.encoded.count <= limits.bytes else { return false }
    addReserved(command, deadline: deadline, completion)
    return true
  }

  /// Adds a request of the client's own, beyond the bounds.
  mutating func addReserved(_ command: RedisCommand, deadline: NIODeadline, _ completion: Completion) {
    bytes += command.encoded.count
    requests.append(Request(command: command, deadline: deadline, completion: completion))
  }

  /// Appends the bytes of all that waits to `buffer`; it is written then. Answers whether an append is among it.
  mutating func write(to buffer: inout ByteBuffer, now: NIODeadline) -> Bool {
    var holdsAppend = false
    for index in written..<requests.count {
      requests[index].writtenAt = now
      buffer.writeBytes(requests[index].command.encoded)
      holdsAppend = holdsAppend || requests[index].command.isAppend
    }
    written = requests.count
    return holdsAppend
  }

  /// Takes out the request that the next reply answers: `nil` if none is awaited. Its completion is `nil` if it has timed out.
  mutating func nextAnswered() -> Request? {
    guard written > 0, let request = requests.popFirst() else { return nil }
    written -= 1
    bytes -= request.command.encoded.count
    return request
  }

  /// Takes out what has timed out. Written requests leave their place, waiting ones vanish.
  mutating func expire(now: NIODeadline, replyTimeout: TimeAmount) -> Expiry {
    var expiry = Expiry()
    for index in 0..<written where requests[index].deadline <= now {
      guard let completion = requests[index].completion else { continue }
      expiry.timedOut.append((completion, true))
      requests[index].completion = nil
    }
    let waiting = requests[written...]
    if waiting.contains(where: { $0.deadline <= now }) {
      requests.removeLast(waiting.count)
      for request in waiting {
        guard request.deadline <= now else {
          requests.append(request)
          continue
        }
        bytes -= request.command.encoded.count
        if let completion = request.completion { expiry.timedOut.append((completion, request.wasWritten)) }
      }
    }
    if written > 0, let oldest = requests.first { expiry.isStalled = oldest.writtenAt + replyTimeout <= now }
    return expiry
  }

  /// The connection is gone: takes out the written requests that must not be repeated (or all). The others wait for the
  /// next connection, before all that waited already.
  mutating func connectionLost(repeating mayRepeat: Bool) -> [Completion] {
    var lost: [Completion] = []
    var kept = Deque<Request>()
    for (index, var request) in requests.enumerated() {
      if index < written {
        guard mayRepeat, request.completion != nil, request.command.repetition != .never else {
          bytes -= request.command.encoded.count
          if let completion = request.completion { lost.append(completion) }
          continue
        }
        request.wasWritten = true
      }
      kept.append(request)
    }
    (requests, written) = (kept, 0)
    return lost
  }

  /// Takes out everything that waits.
  mutating func removeWaiting() -> [Completion] {
    let waiting = requests[written...]
    defer { requests.removeLast(waiting.count) }
    for request in waiting { bytes -= request.command.encoded.count }
    return waiting.compactMap(\.completion)
  }
}

extension NIODeadline {
  fileprivate static let uninitialized = NIODeadline.uptimeNanoseconds(0)
}
