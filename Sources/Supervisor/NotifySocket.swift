// Owns: the sockets on which nodes say that they accept connections (systemd's notify protocol).
// Must never: block; hold its directory open to other users.
// Runs on: the main thread.
import Glibc

/// A short private directory for the sockets: a unix socket's path may have 107 bytes only.
final class NotifyDirectory {
  /// Absolute, mode 700, gone with this object.
  let path: String

  init() throws(SupervisorError) {
    let parent = getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.utf8.count < 60 ? $0 : nil } ?? "/tmp"
    path = try PrivateDirectory.make("kabar-up", in: parent)
  }

  deinit { rmdir(path) }
}

/// The datagram socket of one node, which outlives the node's restarts.
final class NotifySocket {
  /// What the node finds in NOTIFY_SOCKET.
  let path: String
  /// Readable when the node has said something.
  let descriptor: Int32
  private let directory: NotifyDirectory

  init(name: String, in directory: NotifyDirectory) throws(SupervisorError) {
    self.directory = directory
    path = "\(directory.path)/\(name)"
    let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = socket(AF_UNIX, Int32(kind), 0)
    let isBound = SocketAddress.withUnixPath(path) { bind(descriptor, $0, $1) == 0 }
    guard isBound == true else {
      let code = errno
      close(descriptor)
      throw SupervisorError("no socket at \(path): \(SupervisorError.systemText(code))")
    }
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Takes every waiting datagram. True if one of them has the line READY=1.
  func takeReady() -> Bool {
    var isReady = false
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 0 else { return isReady }
      let text = String(decoding: buffer[..<count], as: UTF8.self)
      if text.split(separator: "\n").contains("READY=1") { isReady = true }
    }
  }
}
