// Owns: the line between the nodes and Redis, and what goes wrong on it.
// Must never: change a byte unless told to sabotage.
// Runs on: a thread of its own; `set` and `stop` are for any thread.
import Foundation
import Glibc
import Synchronization
import TestSupport

/// A TCP proxy in front of Redis with a port for each node.
final class FaultProxy: Sendable {
  /// What is wrong with a node's line. Times are `now()`.
  struct Weather: Sendable {
    /// Bytes are delayed by `lag` milliseconds until then.
    var lagUntil = 0
    var lag = 0
    /// Bytes vanish until then; a connection that lost some is closed afterwards.
    var swallowUntil = 0
    /// Rises with each order to drop all connections.
    var drops = 0
  }

  /// The port for each node.
  let ports: [Int]
  private let listeners: [Int32]
  private let redisPort: Int
  private let sabotage: Sabotage?
  private let state: Mutex<(weather: [Weather], isStopped: Bool)>

  /// Listens on 127.0.0.1, a port for each of `nodes`, and starts forwarding.
  init(nodes: Int, redisPort: Int, sabotage: Sabotage?) throws {
    self.redisPort = redisPort
    self.sabotage = sabotage
    state = Mutex((Array(repeating: Weather(), count: nodes), false))
    let bound = try (0..<nodes).map { _ in try LoopbackSocket.listen() }
    listeners = bound.map(\.descriptor)
    ports = bound.map(\.port)
    let thread = Thread { self.run() }
    thread.start()
  }

  /// Milliseconds on a clock that never jumps.
  static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  /// Changes the weather of one node's line.
  func set(_ node: Int, _ change: (inout Weather) -> Void) { state.withLock { change(&$0.weather[node]) } }

  /// No more faults.
  func heal() {
    state.withLock { state in
      for node in state.weather.indices { state.weather[node] = Weather(drops: state.weather[node].drops) }
    }
  }

  /// Closes everything.
  func stop() { state.withLock { $0.isStopped = true } }

  private func run() {
    var links: [ProxyLink] = []
    var drops = listeners.map { _ in 0 }
    while true {
      let (weather, isStopped) = state.withLock { $0 }
      if isStopped { break }
      for node in drops.indices where weather[node].drops != drops[node] {
        drops[node] = weather[node].drops
        links = remove(links) { $0.node == node }
      }
      turn(&links, weather)
      links = remove(links) { $0.isOver }
    }
    _ = remove(links) { _ in true }
    for listener in listeners { Glibc.close(listener) }
  }

  /// One look at all sockets; at most 5 ms, so that a change of weather and a due byte don't wait longer.
  private func turn(_ links: inout [ProxyLink], _ weather: [Weather]) {
    let before = Self.now()
    var polls = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    for link in links {
      for side in 0...1 {
        let events = link.interest(side, now: before)
        // A descriptor below zero is passed over; one that ended would report POLLHUP for ever.
        polls.append(pollfd(fd: events == 0 ? -1 : link.sockets[side], events: events, revents: 0))
      }
    }
    poll(&polls, nfds_t(polls.count), 5)
    let now = Self.now()
    for (index, link) in links.enumerated() {
      for side in 0...1 {
        let events = polls[listeners.count + 2 * index + side].revents
        if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 { link.read(side, weather: weather[link.node], now: now) }
      }
      link.settle(weather: weather[link.node], now: now)
    }
    for node in listeners.indices where polls[node].revents != 0 {
      guard let client = LoopbackSocket.accept(listeners[node]) else { continue }
      guard let redis = LoopbackSocket.connect(port: redisPort) else {
        Glibc.close(client)
        continue
      }
      links.append(ProxyLink(node: node, client: client, redis: redis, sabotage: sabotage))
    }
  }

  private func remove(_ links: [ProxyLink], _ condition: (ProxyLink) -> Bool) -> [ProxyLink] {
    for link in links where condition(link) { link.close() }
    return links.filter { !condition($0) }
  }
}
