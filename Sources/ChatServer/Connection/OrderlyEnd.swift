// The last steps of a connection: everything written, perhaps a receipt, then the end.
// Never resets a connection whose last replies may still be on their way; never waits for ever.
// On the event loop of the connection.

import NIOCore
import TLS

/// Ends a channel in order.
struct OrderlyEnd {
  /// How long a client that has ended its requests may take to read the replies.
  private static let writingPatience = TimeAmount.seconds(30)
  /// How long the peer may take to say that it has ended, too.
  private static let lingering = TimeAmount.seconds(1)
  /// How long after the end of its TLS session a peer's FIN may take that does not wait for our end.
  private static let endPatience = TimeAmount.milliseconds(100)

  let channel: any Channel
  let isBehindTLS: Bool
  /// Whether it matters that the peer's TCP has taken everything.
  let needsReceipt: Bool
  /// The peer has taken everything.
  let onReceipt: @Sendable () -> Void
  /// Whether the peer has said FIN, or its TLS close_notify.
  let peerHasEnded: @Sendable () -> Bool

  /// Begins; the channel is closed some time later.
  func run() {
    let patience = channel.eventLoop.scheduleTask(in: Self.writingPatience) { channel.close(promise: nil) }
    // An empty write is done when all before it are: the kernel has taken every reply.
    channel.writeAndFlush(ByteBuffer()).whenComplete { result in
      patience.cancel()
      guard case .success = result else { return channel.close(promise: nil) }
      guard needsReceipt else { return hangUp() }
      if isBehindTLS, peerHasEnded() { return awaitEndBehindTLS() }
      PeerReceipt.wait(for: channel, .acknowledged) { finish(isTaken: $0) }
    }
  }

  private func finish(isTaken: Bool) {
    if isTaken { onReceipt() }
    hangUp()
  }

  /// A close_notify says less than FIN does: it comes from a program that may leave unread what its kernel has taken. So
  /// FIN must follow. Some say it at once, and would answer our close_notify with a reset; some wait for it.
  private func awaitEndBehindTLS() {
    PeerReceipt.wait(for: channel, .acknowledgedAndEnded, patience: Self.endPatience) { isTaken in
      if isTaken { return finish(isTaken: true) }
      ServerTLS.sayGoodbye(on: channel)
      PeerReceipt.wait(for: channel, .acknowledgedAndEnded) { finish(isTaken: $0) }
    }
  }

  /// Says that nothing more comes, and closes when the peer has said so too, or after a second. Closing at once would
  /// reset a connection with unread input, and the reset could overtake the last reply.
  private func hangUp() {
    if peerHasEnded() { return channel.close(promise: nil) }
    channel.close(mode: .output, promise: nil)
    channel.read()
    let end = channel.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
    // Or the task would hold a channel that has closed before, with its 64 KiB for reading.
    channel.closeFuture.whenComplete { _ in end.cancel() }
  }
}
