// The bound of what an HTTP connection may send before it is answered.
// Never looks into a request: NIO's parser may keep what it has no use for.
// A channel handler on one event loop, in front of the parser; gone when a connection becomes a WebSocket.

import NIOCore

/// Closes a connection that sends more.
final class RequestBound: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let bytes: Int
  private var received = 0

  init(bytes: Int) { self.bytes = bytes }

  /// A request has been answered: the next one has its own.
  func renew() { received = 0 }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytes
    if received > bytes { return context.close(promise: nil) }
    context.fireChannelRead(data)
  }
}
