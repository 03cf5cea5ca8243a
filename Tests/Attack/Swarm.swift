// Owns: many non-blocking connections of one thread, and the count of what went over them.
// Must never: wait longer than it is told, or reach another port than the one it was made for.
// Runs on: the one thread that made it.
import CEpoll
import Glibc
import TestSupport

/// One connection of a swarm.
final class Peer {
  /// What its owner uses it for; any number.
  let role: Int
  /// When it was asked for, in nanoseconds of the monotonic clock.
  let openedAt = Moment.now()
  fileprivate var descriptor: Int32
  fileprivate(set) var isConnected = false
  fileprivate var output: [UInt8] = []
  fileprivate var written = 0
  fileprivate var scanner = AnswerScanner()
  fileprivate var isReading = true
  /// Bytes that the kernel has taken from us.
  fileprivate(set) var bytesOut = 0
  /// What its owner counts on this connection.
  var stage = 0

  fileprivate init(_ descriptor: Int32, role: Int) { (self.descriptor, self.role) = (descriptor, role) }

  /// Neither side has ended it.
  var isOpen: Bool { descriptor >= 0 }
  /// Bytes that the kernel has not taken yet.
  var unsent: Int { output.count - written }
}

/// Connections to one port, watched by one epoll descriptor.
final class Swarm {
  /// What happened to a connection.
  enum Event {
    case opened(Peer)
    /// A reply or an event of the chat protocol.
    case answer(Peer, Answer)
    /// Refused, closed or reset by the other side.
    case ended(Peer)
  }

  /// What went over all connections so far.
  struct Totals {
    /// Connections that were asked for; those that were established; those that the other side ended.
    var tried = 0
    var opened = 0
    var ended = 0
    /// What the attack counts as one try.
    var attempts = 0
    var bytesOut = 0
    var bytesIn = 0
    /// Replies by `OK` or code, events by `event NAME`.
    var answers: [String: Int] = [:]
  }

  var totals = Totals()
  private let endpoint: Endpoint
  private let epoll: Int32
  private var peers: [Int32: Peer] = [:]
  private var ready = [epoll_event](repeating: epoll_event(), count: 256)
  private var buffer = [UInt8](repeating: 0, count: 65536)

  init(_ endpoint: Endpoint) {
    self.endpoint = endpoint
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
  }

  deinit {
    for peer in peers.values { Glibc.close(peer.descriptor) }
    Glibc.close(epoll)
  }

  /// The connections that are open or on their way.
  var open: some Collection<Peer> { peers.values }

  /// Asks for a connection; from an address of the loopback if one is given. `nil`: the kernel has refused at once.
  @discardableResult
  func connect(role: Int = 0, from source: Source? = nil) -> Peer? {
    totals.tried += 1
    guard let descriptor = endpoint.connect(from: source) else { return nil }
    let peer = Peer(descriptor, role: role)
    peers[descriptor] = peer
    watch(peer, EPOLL_CTL_ADD)
    return peer
  }

  /// Writes what the kernel takes and keeps the rest.
  func write(_ bytes: some Collection<UInt8>, to peer: Peer) {
    guard peer.isOpen else { return }
    let wasEmpty = peer.unsent == 0
    peer.output += bytes
    guard wasEmpty, peer.isConnected else { return }
    flush(peer)
    if peer.unsent > 0 { watch(peer, EPOLL_CTL_MOD) }
  }

  /// Writes a line with its CRLF.
  func write(line: String, to peer: Peer) { write((line + "\r\n").utf8, to: peer) }

  /// From here on nothing is read from it.
  func stopReading(_ peer: Peer) {
    peer.isReading = false
    if peer.isOpen { watch(peer, EPOLL_CTL_MOD) }
  }

  /// Closes it, in order or with a reset; there is no event for it.
  func close(_ peer: Peer, withReset: Bool = false) {
    guard peer.isOpen else { return }
    if withReset {
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(peer.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    peers[peer.descriptor] = nil
    Glibc.close(peer.descriptor)
    peer.descriptor = -1
    peer.output = []
    peer.written = 0
  }

  /// Waits until something happens, at most so many nanoseconds, and answers it.
  func turn(waiting nanoseconds: Int) -> [Event] {
    let bound = max(nanoseconds, 0)
    var time = timespec(tv_sec: bound / 1_000_000_000, tv_nsec: bound % 1_000_000_000)
    let count = epoll_pwait2(epoll, &ready, Int32(ready.count), &time, nil)
    var events: [Event] = []
    guard count > 0 else { return events }
    for entry in ready[..<Int(count)] {
      if let peer = peers[entry.data.fd] { serve(peer, entry.events, &events) }
    }
    return events
  }

  // MARK: One connection

  private func serve(_ peer: Peer, _ happened: UInt32, _ events: inout [Event]) {
    if !peer.isConnected {
      guard happened & (EPOLLERR.rawValue | EPOLLHUP.rawValue) == 0 else { return end(peer, &events) }
      peer.isConnected = true
      totals.opened += 1
      events.append(.opened(peer))
      flush(peer)
      watch(peer, EPOLL_CTL_MOD)
      return
    }
    if happened & EPOLLOUT.rawValue != 0 {
      flush(peer)
      if peer.unsent == 0, peer.isOpen { watch(peer, EPOLL_CTL_MOD) }
    }
    if peer.isReading {
      read(peer, &events)
    } else if happened & (EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLRDHUP.rawValue) != 0 {
      end(peer, &events)
    }
  }

  private func read(_ peer: Peer, _ events: inout [Event]) {
    let count = recv(peer.descriptor, &buffer, buffer.count, 0)
    guard count > 0 else {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { end(peer, &events) }
      return
    }
    totals.bytesIn += count
    for answer in peer.scanner.append(buffer[..<count]) {
      totals.answers[answer.name, default: 0] += 1
      events.append(.answer(peer, answer))
    }
  }

  private func flush(_ peer: Peer) {
    while peer.unsent > 0 {
      let count = peer.output.withUnsafeBytes { bytes in
        send(peer.descriptor, bytes.baseAddress.map { $0 + peer.written }, peer.unsent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }  // EAGAIN waits for EPOLLOUT; an end is seen when reading
      peer.written += count
      peer.bytesOut += count
      totals.bytesOut += count
    }
    if peer.unsent == 0 {
      peer.output.removeAll(keepingCapacity: true)
      peer.written = 0
    }
  }

  private func end(_ peer: Peer, _ events: inout [Event]) {
    totals.ended += 1
    close(peer)
    events.append(.ended(peer))
  }

  private func watch(_ peer: Peer, _ operation: Int32) {
    var interest = EPOLLRDHUP.rawValue
    if peer.isReading { interest |= EPOLLIN.rawValue }
    if !peer.isConnected || peer.unsent > 0 { interest |= EPOLLOUT.rawValue }
    var entry = epoll_event(events: interest, data: epoll_data_t(fd: peer.descriptor))
    epoll_ctl(epoll, operation, peer.descriptor, &entry)
  }
}

/// The monotonic clock.
enum Moment {
  /// Nanoseconds since some time in the past.
  static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
