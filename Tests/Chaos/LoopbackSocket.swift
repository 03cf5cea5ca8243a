// Owns: non-blocking sockets of 127.0.0.1.
// Must never: reach another machine.
// Runs on: any thread.
import Glibc
import TestSupport

/// Plain descriptors for the fault proxy and its clients.
enum LoopbackSocket {
  /// A listener on a port that the kernel chooses.
  static func listen() throws -> (descriptor: Int32, port: Int) {
    let descriptor = make()
    var address = Self.address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard isBound, Glibc.listen(descriptor, 128) == 0 else {
      Glibc.close(descriptor)
      throw TestFailure("no port for the proxy: \(String(cString: strerror(errno)))")
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// A connection, perhaps still under way; `nil`: refused. On the loopback a refusal comes at once.
  static func connect(port: Int) -> Int32? {
    let descriptor = make()
    var address = Self.address(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 || errno == EINPROGRESS else {
      Glibc.close(descriptor)
      return nil
    }
    setNoDelay(descriptor)
    return descriptor
  }

  /// A connection that waits at a listener.
  static func accept(_ listener: Int32) -> Int32? {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    // Glibc's `accept4` is not visible here. A child that is spawned in between closes what it inherits.
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    setNoDelay(descriptor)
    return descriptor
  }

  private static func setNoDelay(_ descriptor: Int32) {
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func make() -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    return socket(AF_INET, kind, 0)
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
