// Cuts the bytes of a WebSocket into frames, and knows when none is begun.
// Never decides what a frame means.
// On the event loop of the connection.

import NIOCore
import NIOWebSocket

/// NIO's decoder, with an eye on what is left behind a frame. As an `InputMeter` it says which of the kernel's bytes were in whole
/// messages: what has arrived of one that is not whole was sent before whatever is written to the client now.
package final class WebSocketFrameReader: ByteToMessageDecoder, InputMeter {
  package typealias InboundOut = WebSocketFrame

  private let decoder: WebSocketFrameDecoder
  private let socket: any InputMeter
  /// What the socket, or TLS, had delivered when the last message was whole and nothing stood behind it.
  package private(set) var delivered = 0
  package private(set) var isPartWaiting = false
  private var isBetweenFrames = true

  /// Frames of at most so many bytes; what is longer is an error. `socket` counts what comes to this decoder.
  package init(maximumBytes: Int, behind socket: any InputMeter) {
    decoder = WebSocketFrameDecoder(maxFrameSize: maximumBytes)
    self.socket = socket
  }

  /// All frames of a read have been handed on; `withinMessage`: the last one was a fragment of a message that goes on.
  package func readEnded(withinMessage: Bool) {
    isPartWaiting = withinMessage || !isBetweenFrames
    if !isPartWaiting { delivered = socket.delivered }
  }

  package func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    let state = try decoder.decode(context: context, buffer: &buffer)
    isBetweenFrames = state == .continue && buffer.readableBytes == 0
    return state
  }
}
