// Owns: a TCP port for as long as the cluster lives, without listening on it.
// Must never: accept a connection.
// Runs on: the main thread.
import Glibc

/// A bound socket that never listens. It keeps a second cluster off the port also while none of our children listens
/// there (start-up, or between a crash and the restart): two clusters that share a port by SO_REUSEPORT, or nodes
/// that find another cluster's Redis, would mix two data sets without any error.
final class PortReservation {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Reserves the port that the nodes will share.
  /// - Throws: when it is in use, or can't be bound (no such address, no permission).
  static func chat(
    host: String, port: Int, option: String = "--port"
  ) throws(SupervisorError) -> PortReservation? {
    // Asked without SO_REUSEPORT, so that a listener with it counts too. SO_REUSEADDR: old connections in TIME_WAIT
    // are no obstacle.
    switch try bound(host: host, port: port, option: SO_REUSEADDR) {
    case .failure(let code): throw failure(code, option: option, host: host, port: port)
    case .success(let probe): close(probe)
    }
    // Held with SO_REUSEPORT alone: the nodes may join, the question above fails for everyone else. If old
    // connections of another program forbid it, the nodes' own binding will do.
    guard case .success(let held) = try bound(host: host, port: port, option: SO_REUSEPORT) else { return nil }
    return PortReservation(held)
  }

  /// Reserves the first of these ports that is free for the nodes to share.
  /// - Throws: when none is.
  static func web(host: String, ports: ClosedRange<Int>) throws(SupervisorError) -> (Int, PortReservation?) {
    for port in ports.dropLast() {
      if let found = try? chat(host: host, port: port) { return (port, found) }
    }
    return (ports.upperBound, try chat(host: host, port: ports.upperBound, option: "--web-port"))
  }

  /// Reserves a port on 127.0.0.1 for Redis: `wanted`, or the first free one from 6390.
  /// - Throws: when `wanted` is in use, or a hundred ports are.
  static func redis(wanted: Int?) throws(SupervisorError) -> (port: Int, reservation: PortReservation) {
    let host = "127.0.0.1"
    if let wanted {
      switch try bound(host: host, port: wanted, option: SO_REUSEADDR) {
      case .failure(let code): throw failure(code, option: "--redis-port", host: host, port: wanted)
      case .success(let held): return (wanted, PortReservation(held))
      }
    }
    for port in 6390..<6490 {
      guard case .success(let held) = try bound(host: host, port: port, option: nil) else { continue }
      // From here on redis-server, which binds with SO_REUSEADDR, may join; another cluster's search may not.
      set(SO_REUSEADDR, on: held)
      return (port, PortReservation(held))
    }
    throw SupervisorError("no free port for Redis between 6390 and 6489: name one with --redis-port")
  }

  /// Reserves `count` ports on 127.0.0.1, each for one node, the first free ones from `first`.
  /// - Throws: when there are not that many among a thousand.
  static func http(from first: Int, count: Int) throws(SupervisorError) -> [(port: Int, reservation: PortReservation)] {
    var found: [(Int, PortReservation)] = []
    for port in first..<min(first + 1000, 65536) where found.count < count {
      if case .success(let held) = try bound(host: "127.0.0.1", port: port, option: nil) {
        // From here on our node, which alone binds with SO_REUSEPORT, may join; whoever searches may not.
        set(SO_REUSEPORT, on: held)
        found.append((port, PortReservation(held)))
      } else if let held = try? chat(host: "127.0.0.1", port: port) {
        // Only old connections were in the way: a cluster that is started again has the same ports.
        found.append((port, held))
      }
    }
    guard found.count == count else {
      throw SupervisorError("no \(count) free ports from \(first) on: choose others with --http-port")
    }
    return found
  }

  private enum Outcome {
    case success(Int32)
    case failure(Int32)
  }

  private static func bound(host: String, port: Int, option: Int32?) throws(SupervisorError) -> Outcome {
    try SocketAddress.withResolved(host: host, port: port) { family, address, length in
      let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { return Outcome.failure(errno) }
      if let option { set(option, on: descriptor) }
      guard bind(descriptor, address, length) == 0 else {
        let code = errno
        close(descriptor)
        return .failure(code)
      }
      return .success(descriptor)
    }
  }

  private static func set(_ option: Int32, on descriptor: Int32) {
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, option, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func failure(_ code: Int32, option: String, host: String, port: Int) -> SupervisorError {
    guard code == EADDRINUSE else {
      return SupervisorError("cannot listen on \(host) port \(port): \(SupervisorError.systemText(code))")
    }
    return SupervisorError("port \(port) on \(host) is in use: choose another with \(option)")
  }
}
