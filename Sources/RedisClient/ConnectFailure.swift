// Why no connection could be made, in the words of the system.
// Never shows a library's own description: an operator reads it.
// Pure function; any thread.

import Glibc
import NIOCore
import NIOPosix
import TLS

enum ConnectFailure {
  /// One short sentence.
  static func words(for error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first {
        words(for: first.error)
      } else {
        "the host name \(error.host) can't be resolved"
      }
    case ChannelError.connectTimeout: "no answer in time"
    default: TLSFailure(error, now: time(nil))?.description ?? "\(error)"
    }
  }
}
