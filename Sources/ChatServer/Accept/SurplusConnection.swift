// A connection that is one too many: told so, and closed.
// Never reads a byte of it, never keeps it.
// A channel handler on one event loop.

import ChatProtocol
import NIOCore

/// Takes the place of a `ConnectionHandler`.
final class SurplusConnection: ChannelInboundHandler {
  typealias InboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// Behind TLS nothing can be said without a handshake, which costs more than the connection is worth.
  private let isEncrypted: Bool

  init(isEncrypted: Bool) { self.isEncrypted = isEncrypted }

  func channelActive(context: ChannelHandlerContext) {
    if !isEncrypted {
      var bytes: [UInt8] = []
      Reply.refused(.tooManyConnections).encode(into: &bytes)
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
    context.close(promise: nil)
  }
}
