// Whether the peer's TCP has taken everything that was written to a connection.
// Never takes a reset for a receipt.
// On the event loop of the connection.

import Glibc
import NIOCore

/// Asks the kernel (Linux `TCP_INFO`) until nothing is unsent or unacknowledged.
enum PeerReceipt {
  private static let firstPause = TimeAmount.milliseconds(1)
  private static let patience = TimeAmount.seconds(2)

  /// Calls `done` with whether the peer has taken everything; at once with `false` if that is not `needed`.
  static func wait(for channel: any Channel, needed: Bool, _ done: @escaping @Sendable (Bool) -> Void) {
    guard needed, let options = channel as? any SocketOptionProvider else { return done(false) }
    look(options, channel.eventLoop, pause: firstPause, until: .now() + patience, done)
  }

  private static func look(
    _ options: any SocketOptionProvider, _ eventLoop: any EventLoop, pause: TimeAmount, until end: NIODeadline,
    _ done: @escaping @Sendable (Bool) -> Void
  ) {
    let info: EventLoopFuture<TCPInfo> = options.unsafeGetSocketOption(level: .tcp, name: .tcp_info)
    info.whenComplete { result in
      guard case .success(let info) = result, info.isOpen else { return done(false) }
      if info.nothingOutstanding { return done(true) }
      if NIODeadline.now() >= end { return done(false) }
      eventLoop.scheduleTask(in: pause) {
        look(options, eventLoop, pause: pause * 2, until: end, done)
      }
    }
  }
}

/// The head of the kernel's `struct tcp_info` (include/uapi/linux/tcp.h), which only ever grows at its end. glibc's own
/// copy stops before `tcpi_notsent_bytes`.
private struct TCPInfo {
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
  var nothingOutstanding: Bool { unacknowledged == 0 && unsentBytes == 0 }
}
