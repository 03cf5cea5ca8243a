// Owns: the plain sockets of the tests: a port that is free, a port that is taken, one command to a Redis.
// Must never: leave 127.0.0.1.
// Runs on: any thread; one test owns it.
import Glibc
import TestSupport
import Testing

/// A TCP socket on 127.0.0.1, closed with this object.
final class TestSocket {
  private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)

  deinit { close(descriptor) }

  /// A port that nobody has just now.
  static func freePort() throws -> Int { try TCPSocket.freePort() }

  /// Listens on a port of the system's choice, shared by SO_REUSEPORT as nodes do, and returns it.
  func listen() throws -> Int {
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, socklen_t(MemoryLayout<Int32>.size))
    let port = try bind()
    try #require(Glibc.listen(descriptor, 8) == 0)
    return port
  }

  /// Sends one inline command to a Redis and returns its answer, or nil if there is none within 10 s.
  static func ask(_ command: String, port: Int) -> String? {
    let socket = TestSocket()
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let request = Array((command + "\r\n").utf8)
    let isConnected = withAddress(port: port) { connect(socket.descriptor, $0, $1) == 0 }
    guard isConnected, send(socket.descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      return nil
    }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = recv(socket.descriptor, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  private func bind() throws -> Int {
    try #require(Self.withAddress(port: 0) { Glibc.bind(descriptor, $0, $1) == 0 })
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return Int(in_port_t(bigEndian: address.sin_port))
  }

  private static func withAddress<Result>(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
