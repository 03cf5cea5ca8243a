// What the kernel knows of a TCP connection.
// Never changed by us: it is read.
// Pure value; read on the event loop of the connection.

import NIOCore

/// The head of the kernel's `struct tcp_info` (include/uapi/linux/tcp.h), which only ever grows at its end. glibc's own
/// copy stops before `tcpi_notsent_bytes`.
struct TCPInfo {
  private var state: UInt8 = 0
  private var flags: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0, 0, 0)
  private var timeouts: (rto: UInt32, ato: UInt32, sendMSS: UInt32, receiveMSS: UInt32) = (0, 0, 0, 0)
  private var unacknowledged: UInt32 = 0
  /// `tcpi_sacked` … `tcpi_total_retrans`.
  private var counters:
    (
      UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32,
      UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32
    ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  private var rates: (pacing: UInt64, maximum: UInt64) = (0, 0)
  private var bytes: (acknowledged: UInt64, received: UInt64) = (0, 0)
  private var segments: (out: UInt32, in: UInt32) = (0, 0)
  private var unsentBytes: UInt32 = 0

  /// Established (1), or the peer has said FIN and nothing else (CLOSE-WAIT, 8). After a reset it is neither.
  var isOpen: Bool { state == 1 || state == 8 }
  /// The peer has said FIN.
  var hasEnded: Bool { state == 8 }
  var nothingOutstanding: Bool { unacknowledged == 0 && unsentBytes == 0 }
  /// Of a listener: how many connections it has not accepted yet. (The kernel puts them where other sockets have their segments
  /// that are not acknowledged: tcp_get_info in net/ipv4/tcp.c.)
  var waitingConnections: Int { Int(unacknowledged) }
  /// Bytes of the peer that have arrived, read or not.
  var receivedBytes: Int { Int(bytes.received) }

  /// Asks the kernel; `nil` if the channel is no TCP socket or is closed. Called on the channel's event loop, and calls
  /// back there.
  static func read(from channel: (any Channel)?, _ done: @escaping @Sendable (TCPInfo?) -> Void) {
    guard let options = channel as? any SocketOptionProvider else { return done(nil) }
    let info: EventLoopFuture<TCPInfo> = options.unsafeGetSocketOption(level: .tcp, name: .tcp_info)
    info.whenComplete { done(try? $0.get()) }
  }
}
