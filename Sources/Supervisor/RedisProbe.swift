// Owns: the question whether our redis-server answers yet: one connection at a time.
// Must never: block; take another process's answer for ours.
// Runs on: the main thread.
import Glibc

/// Asks a Redis on 127.0.0.1 until it answers PING.
final class RedisProbe {
  private static let retryAfter = Duration.milliseconds(50)
  /// A connection that has not answered by then is given up: it may have been accepted by a process that died.
  private static let answerWithin = Duration.seconds(2)

  private let port: Int
  private let pid: Int32
  private var received: [UInt8] = []
  /// The open connection, to be polled for reading; -1 between two tries.
  private(set) var descriptor: Int32 = -1
  /// When `step` must be called even if nothing arrived.
  private(set) var nextStep: ContinuousClock.Instant
  /// What was last understood: loading and foreign are worth telling a person who waits.
  private(set) var lastReply = RedisProbeReply.incomplete

  init(port: Int, pid: Int32, now: ContinuousClock.Instant) {
    self.port = port
    self.pid = pid
    nextStep = now
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Goes on as far as possible without waiting. True once, when Redis is ready.
  func step(now: ContinuousClock.Instant) -> Bool {
    if descriptor < 0 {
      guard now >= nextStep else { return false }
      connect(now: now)
    }
    guard descriptor >= 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 {
      received += buffer[..<count]
      let reply = RedisProbeReply(received, pid: pid)
      if reply != .incomplete {
        lastReply = reply
        hangUp(now: now)
        return reply == .ready
      }
    }
    let isBroken = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    if isBroken || received.count > 64 * 1024 || now >= nextStep { hangUp(now: now) }
    return false
  }

  private func connect(now: ContinuousClock.Instant) {
    received = []
    nextStep = now + Self.retryAfter
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
    let fresh = socket(AF_INET, Int32(kind), 0)
    guard fresh >= 0 else { return }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    // On loopback connecting succeeds or fails at once, unless the listener's queue is full: that wait is bounded.
    var patience = timeval(tv_sec: 0, tv_usec: 200_000)
    setsockopt(fresh, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let connected = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(fresh, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    let request = Array(RedisProbeReply.request.utf8)
    guard connected, fcntl(fresh, F_SETFL, O_NONBLOCK) == 0,
      send(fresh, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
    else {
      close(fresh)
      return
    }
    descriptor = fresh
    nextStep = now + Self.answerWithin
  }

  private func hangUp(now: ContinuousClock.Instant) {
    close(descriptor)
    descriptor = -1
    nextStep = now + Self.retryAfter
  }
}
