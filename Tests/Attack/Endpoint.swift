// Owns: the address of a cluster's port, and new sockets to it.
// Must never: block.
// Runs on: any thread; a value.
import Glibc

/// An IPv4 address and a port.
struct Endpoint: Sendable {
  /// The address in network byte order.
  private let address: UInt32
  let port: Int

  /// `HOST:PORT` with a numeric IPv4 address; `nil` if it is something else.
  init?(_ text: String) {
    let parts = text.split(separator: ":")
    var address = in_addr()
    guard parts.count == 2, inet_pton(AF_INET, String(parts[0]), &address) == 1, let port = UInt16(parts[1]) else {
      return nil
    }
    (self.address, self.port) = (address.s_addr, Int(port))
  }

  /// The same address, another port.
  init(_ other: Endpoint, port: Int) { (address, self.port) = (other.address, port) }

  /// A port of 127.0.0.1.
  init(loopback port: Int) { (address, self.port) = (UInt32(0x7F00_0001).bigEndian, port) }

  /// Whether it is on this machine, where a client has 16 million addresses to choose from.
  var isLoopback: Bool { UInt32(bigEndian: address) >> 24 == 127 }

  /// A non-blocking socket whose connection is on its way; `nil`: refused at once, or no descriptor is left.
  func connect(from source: Source?) -> Int32? {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return nil }
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
    if isLoopback, let source {
      // The port is chosen by `connect`: each source address has all of them.
      let bindAddressNoPort: Int32 = 24
      setsockopt(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, &on, size)
      _ = Self.with(source.address, 0) { Glibc.bind(descriptor, $0, $1) }
    }
    let status = Self.with(address, port) { Glibc.connect(descriptor, $0, $1) }
    guard status == 0 || errno == EINPROGRESS else {
      Glibc.close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func with<Result>(
    _ address: UInt32, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var value = sockaddr_in()
    value.sin_family = sa_family_t(AF_INET)
    value.sin_port = in_port_t(port).bigEndian
    value.sin_addr.s_addr = address
    return withUnsafePointer(to: &value) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}

/// An address of the loopback that a client connects from: 127.0.NET.HOST. The legitimate clients come from 127.0.0.1.
struct Source {
  let net: UInt8
  let host: UInt8

  init(net: UInt8 = 0, host: Int) { (self.net, self.host) = (net, UInt8(truncatingIfNeeded: host)) }

  /// In network byte order.
  fileprivate var address: UInt32 { (0x7F00_0000 | UInt32(net) << 8 | UInt32(host)).bigEndian }
}
