// Whether the peer's TCP has taken everything that was written to a connection.
// Never takes a reset for a receipt.
// On the event loop of the connection.

import NIOCore

/// Asks the kernel (Linux `TCP_INFO`) until nothing is unsent or unacknowledged.
enum PeerReceipt {
  private static let firstPause = TimeAmount.milliseconds(1)
  private static let patience = TimeAmount.seconds(2)

  /// Calls `done` with whether the peer has taken everything; at once with `false` if that is not `needed`.
  static func wait(for channel: any Channel, needed: Bool, _ done: @escaping @Sendable (Bool) -> Void) {
    guard needed else { return done(false) }
    look(channel, pause: firstPause, until: .now() + patience, done)
  }

  private static func look(
    _ channel: any Channel, pause: TimeAmount, until end: NIODeadline, _ done: @escaping @Sendable (Bool) -> Void
  ) {
    TCPInfo.read(from: channel) { info in
      guard let info, info.isOpen else { return done(false) }
      if info.nothingOutstanding { return done(true) }
      if NIODeadline.now() >= end { return done(false) }
      channel.eventLoop.scheduleTask(in: pause) { look(channel, pause: pause * 2, until: end, done) }
    }
  }
}
