// The requests of one client: those that wait to be written and those whose reply is awaited, in order.
// Never grows past its bounds, never loses a completion, never does I/O.
// Pure value; on the event loop of its client.

import DequeModule
import NIOCore

/// First in, first out, as RESP answers.
struct RequestQueue {
  typealias Completion = RedisClient.Completion

  /// How much may be on its way, waiting and written together, in bytes on the wire. What may go once more takes twice its bytes while
  /// it waits.
  struct Limits: Sendable {
    var requests = 16384
    var bytes = 64 << 20
  }

  /// One request in the queue.
  struct Request {
    /// What may have to go once more; `nil` where nothing may.
    let command: RedisCommand?
    /// Whether it stores a message.
    let isAppend: Bool
    /// Bytes of its RESP form.
    fileprivate let length: Int
    let deadline: NIODeadline
    /// `nil` once the deadline has passed: a written request stays, because its reply will still come.
    fileprivate(set) var completion: Completion?
    fileprivate var writtenAt = NIODeadline.uninitialized
    /// Written on a connection that was lost: Redis may have carried it out.
    fileprivate(set) var wasWritten = false

    /// It leaves now. Answers whether it is an append.
    fileprivate mutating func write(at now: NIODeadline) -> Bool {
      writtenAt = now
      return isAppend
    }
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
  /// The RESP forms of those that wait, one behind the other.
  private var waitingBytes: [UInt8] = []
  /// Of all requests.
  private var bytes = 0
  /// Bytes that a buffer may keep for what is written next: a burst must not make every later write as large as itself.
  static var keptBytes: Int { 256 * 1024 }

  init(limits: Limits) { self.limits = limits }

  var isEmpty: Bool { requests.isEmpty }
  /// Requests that wait to be written.
  var waiting: Int { requests.count - written }
  /// Bytes of their RESP forms.
  var bytesToWrite: Int { waitingBytes.count }
  /// Requests on their way, waiting and written.
  var count: Int { requests.count }

  /// Adds a request behind all others; `false` if it does not fit.
  mutating func add(_ command: RedisCommand, deadline: NIODeadline, _ completion: @escaping Completion) -> Bool {
    guard count < limits.requests, bytes + command.encoded.count <= limits.bytes else { return false }
    addReserved(command, deadline: deadline, completion)
    return true
  }

  /// Adds a request of the client's own, beyond the bounds.
  mutating func addReserved(_ command: RedisCommand, deadline: NIODeadline, _ completion: @escaping Completion) {
    waitingBytes.append(contentsOf: command.encoded)
    let kept = command.mayGoOnceMore ? command : nil
    add(kept, isAppend: command.isAppend, command.encoded.count, deadline, completion)
  }

  /// Adds a request that stores a message and is never repeated: what `encode` appends is its RESP form. So it has no memory of its
  /// own.
  mutating func addAppend(
    deadline: NIODeadline, _ completion: @escaping Completion, encode: (inout [UInt8]) -> Void
  ) -> Bool {
    guard count < limits.requests else { return false }
    let start = waitingBytes.count
    encode(&waitingBytes)
    let length = waitingBytes.count - start
    guard bytes + length <= limits.bytes else {
      waitingBytes.removeLast(length)
      return false
    }
    add(nil, isAppend: true, length, deadline, completion)
    return true
  }

  private mutating func add(
    _ command: RedisCommand?, isAppend: Bool, _ length: Int, _ deadline: NIODeadline, _ completion: @escaping Completion
  ) {
    bytes += length
    requests.append(
      Request(command: command, isAppend: isAppend, length: length, deadline: deadline, completion: completion))
  }

  /// Appends the bytes of all that waits to `buffer`; it is written then. Answers whether an append is among it.
  mutating func write(to buffer: inout ByteBuffer, now: NIODeadline) -> Bool {
    var holdsAppend = false
    for index in written..<requests.count {
      // In place: to look at a request in the deque is to copy it.
      holdsAppend = requests[index].write(at: now) || holdsAppend
    }
    buffer.writeBytes(waitingBytes)
    waitingBytes.removeAll(keepingCapacity: waitingBytes.capacity <= Self.keptBytes)
    written = requests.count
    return holdsAppend
  }

  /// Takes out the request that the next reply answers: `nil` if none is awaited. Its completion is `nil` if it has timed out.
  mutating func nextAnswered() -> Request? {
    guard written > 0, let request = requests.popFirst() else { return nil }
    written -= 1
    bytes -= request.length
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
    expireWaiting(now: now, into: &expiry)
    if written > 0, let oldest = requests.first { expiry.isStalled = oldest.writtenAt + replyTimeout <= now }
    return expiry
  }

  private mutating func expireWaiting(now: NIODeadline, into expiry: inout Expiry) {
    let waiting = requests[written...]
    guard waiting.contains(where: { $0.deadline <= now }) else { return }
    requests.removeLast(waiting.count)
    var rest = waitingBytes[...]
    waitingBytes = []
    waitingBytes.reserveCapacity(rest.count)
    for request in waiting {
      let encoded = rest.prefix(request.length)
      rest = rest.dropFirst(request.length)
      guard request.deadline <= now else {
        requests.append(request)
        waitingBytes.append(contentsOf: encoded)
        continue
      }
      bytes -= request.length
      if let completion = request.completion { expiry.timedOut.append((completion, request.wasWritten)) }
    }
  }

  /// The connection is gone: takes out the written requests that must not be repeated (or all). The others wait for the
  /// next connection, before all that waited already.
  mutating func connectionLost(repeating mayRepeat: Bool) -> [Completion] {
    var lost: [Completion] = []
    var kept = Deque<Request>()
    var keptBytes: [UInt8] = []
    for (index, var request) in requests.enumerated() {
      if index < written {
        guard mayRepeat, request.completion != nil, let command = request.command, command.repetition != .never else {
          bytes -= request.length
          if let completion = request.completion { lost.append(completion) }
          continue
        }
        request.wasWritten = true
        keptBytes.append(contentsOf: command.encoded)
      }
      kept.append(request)
    }
    (requests, written, waitingBytes) = (kept, 0, keptBytes + waitingBytes)
    return lost
  }

  /// Takes out everything that waits.
  mutating func removeWaiting() -> [Completion] {
    let waiting = requests[written...]
    defer { requests.removeLast(waiting.count) }
    bytes -= waitingBytes.count
    waitingBytes = []
    return waiting.compactMap(\.completion)
  }
}

extension NIODeadline {
  fileprivate static let uninitialized = NIODeadline.uptimeNanoseconds(0)
}
