// Owns: one blocking TCP connection to 127.0.0.1, as a simple client program has it.
// Must never: wait longer than its time-out.
// Runs on: any thread; one test owns it.
import Glibc
import Synchronization

/// A plain socket with a time-out of 10 s on everything.
public final class TCPSocket {
  private var descriptor: Int32

  /// Connects, from another address of the loopback if one is given.
  public init(port: Int, from source: String? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var timeout = timeval(tv_sec: 10 * patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    if let source {
      var local = Self.loopback(0)
      local.sin_addr.s_addr = inet_addr(source)
      let bound = withUnsafePointer(to: &local) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard bound == 0 else { throw TestFailure("cannot bind to \(source): \(String(cString: strerror(errno)))") }
    }
    var address = Self.loopback(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let reason = String(cString: strerror(errno))
      throw TestFailure("cannot connect to port \(port): \(reason)")
    }
  }

  deinit { close() }

  /// Sends all bytes.
  public func write(_ bytes: some Collection<UInt8>) throws {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw TestFailure("write: \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends what the kernel takes at once; `false` if that is not all.
  public func writeWhatFits(_ bytes: [UInt8]) throws -> Bool {
    let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    guard count >= 0 || errno == EAGAIN else { throw TestFailure("write: \(String(cString: strerror(errno)))") }
    return count == bytes.count
  }

  /// What is there, at most 64 KiB; empty at the end of the stream.
  public func read() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw TestFailure("read: \(String(cString: strerror(errno)))") }
    return Array(buffer[..<count])
  }

  /// Whether something (or the end) can be read within this time.
  public func isReadable(withinMilliseconds milliseconds: Int32) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, milliseconds) > 0
  }

  /// FIN: nothing more will be written.
  public func shutDownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes in order.
  public func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with a reset, as a machine does that lost its connection.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// A port on which nothing listens now, and that no other test of this run is given. It lies below the range from
  /// which the kernel takes the ports of outgoing connections: those could take it before the server does.
  public static func freePort() throws -> Int {
    for _ in 0..<1000 {
      let port = nextPort.withLock { next in
        next = next >= 32_000 ? 20_000 : next + 1
        return next
      }
      if isFree(port) { return port }
    }
    throw TestFailure("no free port")
  }

  /// Where to look next; test runs side by side begin at different places.
  private static let nextPort = Mutex(20_000 + Int(getpid()) * 97 % 12_000)

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { Glibc.close(descriptor) }
    var address = loopback(port)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
