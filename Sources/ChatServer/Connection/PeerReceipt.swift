// Whether the peer's TCP has taken everything that was written to a connection.
// Never takes a reset for a receipt.
// On the event loop of the connection.

import NIOCore

/// Asks the kernel (Linux `TCP_INFO`) until nothing is unsent or unacknowledged.
enum PeerReceipt {
  private static let firstPause = TimeAmount.milliseconds(1)

  /// What counts as a receipt.
  enum Proof {
    /// Acknowledgements of everything.
    case acknowledged
    /// These, and FIN. A program that closes a connection without having read everything makes its kernel send a reset
    /// instead.
    case acknowledgedAndEnded
  }

  /// Calls `done` with whether the peer has taken everything, after `patience` at the latest.
  static func wait(
    for channel: any Channel, _ proof: Proof, patience: TimeAmount = .seconds(2),
    _ done: @escaping @Sendable (Bool) -> Void
  ) {
    look(channel, proof, pause: firstPause, until: .now() + patience, done)
  }

  private static func look(
    _ channel: any Channel, _ proof: Proof, pause: TimeAmount, until end: NIODeadline,
    _ done: @escaping @Sendable (Bool) -> Void
  ) {
    TCPInfo.read(from: channel) { info in
      guard let info, info.isOpen else { return done(false) }
      if info.nothingOutstanding, proof == .acknowledged || info.hasEnded { return done(true) }
      if NIODeadline.now() >= end { return done(false) }
      channel.eventLoop.scheduleTask(in: pause) { look(channel, proof, pause: pause * 2, until: end, done) }
    }
  }
}
