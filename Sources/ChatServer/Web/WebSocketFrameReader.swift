// Cuts the bytes of a WebSocket into frames, and knows when none is begun.
// Never decides what a frame means.
// On the event loop of the connection.

import NIOCore
import NIOWebSocket

/// NIO's decoder, with an eye on what is left behind a frame. As an `InputMeter` it says which of the kernel's bytes were in whole
/// frames: what has arrived of a frame that is not whole was sent before whatever is written to the client now.
final class WebSocketFrameReader: ByteToMessageDecoder, InputMeter {
  typealias InboundOut = WebSocketFrame

  private let decoder: WebSocketFrameDecoder
  private let socket: any InputMeter
  /// What the socket, or TLS, had delivered when the last frame was whole and nothing stood behind it.
  private(set) var delivered: Int
  /// No frame is begun.
  private(set) var isBetweenFrames = true

  /// Frames of at most so many bytes; what is longer is an error. `socket` counts what comes to this decoder.
  init(maximumBytes: Int, behind socket: any InputMeter) {
    decoder = WebSocketFrameDecoder(maxFrameSize: maximumBytes)
    (self.socket, delivered) = (socket, socket.delivered)
  }

  func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    let state = try decoder.decode(context: context, buffer: &buffer)
    isBetweenFrames = state == .continue && buffer.readableBytes == 0
    if isBetweenFrames { delivered = socket.delivered }
    return state
  }
}
