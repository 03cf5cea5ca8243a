// Takes the PROXY header off a connection that comes from a trusted proxy.
// Never lets a byte of the client through before it is known who that is.
// A channel handler on one event loop; gone once the header was read.

import ChatState
import NIOCore

/// A connection that is told who is at its other end.
protocol ProxiedConnection: AnyObject {
  var worker: Worker { get }
  /// The proxy has said who its client is, in so many bytes; `false` if that client may not have another connection and can't be
  /// told so.
  func introduce(_ client: IPAddress?, headerBytes: Int) -> Bool
}

/// The first handler of such a connection, in front of TLS too: the header comes in plain text.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let connection: any ProxiedConnection
  private var buffer = ByteBuffer()

  init(for connection: any ProxiedConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    buffer.writeBuffer(&bytes)
    switch ProxyHeader.parse(Array(buffer.readableBytesView)) {
    case .needsMoreBytes: break  // a malformed one is known as such long before it fills memory
    case .malformed:
      connection.worker.telemetry.refused(by: .proxyHeader)
      context.close(promise: nil)
    case .header(let client, let length):
      guard connection.introduce(client, headerBytes: length) else { return context.close(promise: nil) }
      buffer.moveReaderIndex(forwardBy: length)
      if buffer.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(buffer)) }
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }
}
