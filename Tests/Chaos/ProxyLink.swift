// Owns: one proxied connection: two sockets and the bytes between them.
// Must never: reorder bytes, or forward behind bytes that it has swallowed.
// Runs on: the proxy's thread.
import Glibc

/// One direction of a link: bytes that wait for their time and for the socket.
struct ProxyQueue {
  private var chunks: [(due: Int, bytes: ArraySlice<UInt8>)] = []
  private(set) var count = 0

  mutating func append(_ bytes: [UInt8], due: Int) {
    // A shorter lag must not overtake.
    chunks.append((max(due, chunks.last?.due ?? 0), bytes[...]))
    count += bytes.count
  }

  var isEmpty: Bool { chunks.isEmpty }

  /// Milliseconds at which the next bytes may leave.
  var due: Int? { chunks.first?.due }

  /// Writes what is due. False: the socket is broken.
  mutating func write(to socket: Int32, now: Int) -> Bool {
    while let chunk = chunks.first, chunk.due <= now {
      let written = chunk.bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if written < 0 { return errno == EAGAIN || errno == EINTR }
      count -= written
      chunks[0].bytes = chunk.bytes.dropFirst(written)
      guard chunks[0].bytes.isEmpty else { return true }
      chunks.removeFirst()
    }
    return true
  }
}

/// A node's connection and the one to Redis that belongs to it.
final class ProxyLink {
  /// Which node it is of.
  let node: Int
  /// The sockets: 0 of the node, 1 of Redis.
  let sockets: [Int32]
  /// What goes to each of them.
  private(set) var queues = [ProxyQueue(), ProxyQueue()]
  private var ended = [false, false]
  private var hasSwallowed = false
  private var splitter = RequestSplitter()
  private var saboteur: Saboteur?
  private(set) var isBroken = false

  /// Bytes that may wait in one direction before no more is read.
  private static let bound = 8 << 20

  init(node: Int, client: Int32, redis: Int32, sabotage: Sabotage?) {
    self.node = node
    sockets = [client, redis]
    saboteur = sabotage.map { Saboteur($0) }
  }

  /// Closed by both, or by one with nothing left for the other.
  var isOver: Bool { isBroken || ended[0] && queues[1].isEmpty || ended[1] && queues[0].isEmpty }

  /// What `poll` should watch on a socket.
  func interest(_ side: Int, now: Int) -> Int16 {
    var events: Int16 = 0
    if !ended[side], queues[1 - side].count < Self.bound { events |= Int16(POLLIN) }
    if let due = queues[side].due, due <= now { events |= Int16(POLLOUT) }
    return events
  }

  /// Reads what has arrived at one side.
  func read(_ side: Int, weather: FaultProxy.Weather, now: Int) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(sockets[side], &buffer, buffer.count, 0)
    if count < 0 {
      if errno != EAGAIN, errno != EINTR { isBroken = true }
      return
    }
    if count == 0 {
      ended[side] = true
      return
    }
    if weather.swallowUntil > now || hasSwallowed {
      hasSwallowed = true
      return
    }
    var bytes = Array(buffer[..<count])
    if side == 0, saboteur != nil {
      guard let requests = splitter.append(bytes) else {
        isBroken = true
        return
      }
      bytes = (saboteur?.rewrite(requests) ?? requests).flatMap { RequestSplitter.encode($0) }
    }
    queues[1 - side].append(bytes, due: weather.lagUntil > now ? now + weather.lag : now)
  }

  /// Writes what is due; ends a link that lost bytes once the line is up again.
  func settle(weather: FaultProxy.Weather, now: Int) {
    if hasSwallowed, weather.swallowUntil <= now { isBroken = true }
    guard !isBroken, weather.swallowUntil <= now else { return }
    for side in 0...1 where !queues[side].write(to: sockets[side], now: now) { isBroken = true }
  }

  func close() { for socket in sockets { Glibc.close(socket) } }
}
