// The framing of a browser's connection: a text frame in is a request line, each reply and each event out is a text frame.
// Never decides anything about a request: behind it stands the same ConnectionHandler as behind TCP.
// A channel handler on one event loop, between the frame reader and the connection.

import ChatProtocol
import NIOCore
import NIOWebSocket

/// Turns messages into lines, and what the connection writes into messages.
final class WebSocketHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let connection: ConnectionHandler
  private let reader: WebSocketFrameReader
  private var message = WebSocketMessage()
  /// Lines of this read. They leave together: only then the frame reader knows whether the last frame was whole.
  private var lines = ByteBuffer()
  /// The last ping that was not answered; section 5.5.3 lets the others go without an answer.
  private var ping: ByteBuffer?
  /// Why we end the WebSocket.
  private var reason: WebSocketErrorCode?
  private var peerHasClosed = false
  private var hasClosed = false

  init(for connection: ConnectionHandler, reader: WebSocketFrameReader) {
    (self.connection, self.reader) = (connection, reader)
  }

  // MARK: In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !peerHasClosed, reason == nil else { return }
    switch message.take(unwrapInboundIn(data)) {
    case .line(var line):
      lines.writeBuffer(&line)
      lines.writeInteger(UInt8(ascii: "\n"))
    // An empty line to the connection: what makes no line of its own is no way around the bounds of what a client may send.
    case .incomplete: lines.writeInteger(UInt8(ascii: "\n"))
    case .ping(let bytes):
      ping = bytes
      lines.writeInteger(UInt8(ascii: "\n"))
    case .close(let code):
      peerHasClosed = true
      reason = code ?? .normalClosure
    case .violation(let code): reason = code
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    handOn(context)
    context.fireChannelReadComplete()
  }

  private func handOn(_ context: ChannelHandlerContext) {
    reader.readEnded(withinMessage: message.isBegun)
    // A part alone, too: the time that a line may take has begun.
    if lines.readableBytes > 0 || reader.isPartWaiting {
      let read = lines
      lines = ByteBuffer()
      context.fireChannelRead(wrapInboundOut(read))
    }
    answerPing(context)
    if peerHasClosed {
      if hasClosed { context.close(promise: nil) } else { connection.peerHasClosed() }
    } else if reason != nil {
      // The peer is told why when what it asked before is answered.
      connection.depart()
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
    // A browser that goes says so by a frame. Without it nothing is known of what it has shown.
    if peerHasClosed || connection.isEnding { return context.fireUserInboundEventTriggered(event) }
    context.close(promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    answerPing(context)
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as NIOWebSocketError:
      if reason == nil { reason = error == .invalidFrameLength ? .messageTooLarge : .protocolError }
      handOn(context)
    case is ByteToMessageDecoderError: break  // what still arrives behind such a frame
    default: context.fireErrorCaught(error)
    }
  }

  /// Who doesn't read gets no more pongs than fit.
  private func answerPing(_ context: ChannelHandlerContext) {
    guard let bytes = ping, !hasClosed, context.channel.isWritable else { return }
    ping = nil
    context.writeAndFlush(wrapOutboundOut(Self.frame(.pong, bytes)), promise: nil)
  }

  // MARK: Out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(wrapOutboundOut(Self.frames(of: unwrapOutboundIn(data))), promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if !hasClosed, mode != .input {
      hasClosed = true
      let code = reason ?? (connection.worker.isStopping || connection.worker.isDraining ? .goingAway : .normalClosure)
      context.writeAndFlush(wrapOutboundOut(Self.frame(.connectionClose, ByteBuffer(code))), promise: nil)
    }
    context.close(mode: mode, promise: promise)
  }

  /// What stands behind each reply and each event on the wire, and in none of them: JSON escapes line ends.
  private static let end: [UInt8] = Array("\r\n\r\n".utf8)

  /// A text frame for each JSON object; its line ends stay behind.
  static func frames(of objects: ByteBuffer) -> ByteBuffer {
    var rest = objects.readableBytesView
    var frames = ByteBuffer()
    frames.reserveCapacity(rest.count)
    while let length = rest.firstIndex(of: end[0]).map({ $0 - rest.startIndex }) {
      writeHead(.text, length, into: &frames)
      frames.writeBytes(rest.prefix(length))
      rest = rest.dropFirst(length + end.count)
    }
    return frames
  }

  private static func frame(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer) -> ByteBuffer {
    var frame = ByteBuffer()
    writeHead(opcode, bytes.readableBytes, into: &frame)
    frame.writeImmutableBuffer(bytes)
    return frame
  }

  /// The head of a whole frame; servers don't mask (RFC 6455, section 5.2).
  private static func writeHead(_ opcode: WebSocketOpcode, _ length: Int, into frame: inout ByteBuffer) {
    frame.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
    switch length {
    case ...125: frame.writeInteger(UInt8(length))
    case ...0xFFFF:
      frame.writeInteger(UInt8(126))
      frame.writeInteger(UInt16(length))
    default:
      frame.writeInteger(UInt8(127))
      frame.writeInteger(UInt64(length))
    }
  }
}

extension ByteBuffer {
  /// The content of a Close frame.
  fileprivate init(_ code: WebSocketErrorCode) {
    self.init()
    write(webSocketErrorCode: code)
  }
}
