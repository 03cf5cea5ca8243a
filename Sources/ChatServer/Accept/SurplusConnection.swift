// A connection that is one too many: told so, and closed.
// Never reads a byte of it, never keeps it.
// A channel handler on one event loop.

import NIOCore

/// Takes the place of a `ConnectionHandler`.
final class SurplusConnection: ChannelInboundHandler {
  typealias InboundIn = Never
  typealias OutboundOut = ByteBuffer

  private let farewell: ByteBuffer?

  /// Behind TLS nothing can be said without a handshake, which costs more than the connection is worth: no farewell.
  init(_ farewell: ByteBuffer?) { self.farewell = farewell }

  func channelActive(context: ChannelHandlerContext) {
    if let farewell { context.writeAndFlush(wrapOutboundOut(farewell), promise: nil) }
    context.close(promise: nil)
  }
}
