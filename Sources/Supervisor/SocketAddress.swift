// Owns: the system's form of the addresses that the supervisor binds and connects.
// Must never: open a socket.
// Runs on: the main thread.
import Glibc

enum SocketAddress {
  /// Resolves `host` for a listener and hands its first address to `body`: family, address, length.
  static func withResolved<Result>(
    host: String, port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Result
  ) throws(SupervisorError) -> Result {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard code == 0, let first = list?.pointee, let address = first.ai_addr else {
      throw SupervisorError("--host \(host) is no address: \(String(cString: gai_strerror(code)))")
    }
    return body(first.ai_family, address, first.ai_addrlen)
  }

  /// Hands the address of a unix socket to `body`; nil if the path is too long for one (107 bytes).
  static func withUnixPath<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
