// How many bytes have come from a socket.
// Never changes a byte.
// A channel handler on one event loop, the first of its channel that sees the client's bytes.

import NIOCore

/// Counts what arrives.
final class SocketMeter: ChannelInboundHandler, InputMeter {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private(set) var delivered = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    delivered += unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
  }
}
