// The rules by which frames become request lines (RFC 6455, section 5).
// Never holds more than one line.
// Pure value; on the event loop of its connection.

import ChatProtocol
import NIOCore
import NIOWebSocket

/// Puts the fragments of one message together: a text message is one request line without its line end.
package struct WebSocketMessage {
  /// What a frame comes to.
  package enum Outcome: Equatable {
    /// A whole line.
    case line(ByteBuffer)
    /// A part of one.
    case incomplete
    /// To be answered with the same bytes.
    case ping(ByteBuffer)
    /// The peer ends the WebSocket, for this reason if it gave one.
    case close(WebSocketErrorCode?)
    /// The peer did what it must not, or sent what is of no use here.
    case violation(WebSocketErrorCode)
  }

  private var parts: ByteBuffer?

  package init() {}

  /// A fragment has come and not the last one.
  package var isBegun: Bool { parts != nil }

  /// Takes the next frame of the connection.
  package mutating func take(_ frame: WebSocketFrame) -> Outcome {
    // A client masks what it sends, and no extension was agreed on that could use the reserved bits.
    guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(.protocolError) }
    var bytes = frame.unmaskedData
    switch frame.opcode {
    case .text where parts == nil: return frame.fin ? finish(bytes) : begin(bytes)
    case .continuation where parts != nil:
      parts?.writeBuffer(&bytes)
      guard let whole = parts, whole.readableBytes <= ProtocolLimits.lineBytes else {
        return .violation(.messageTooLarge)
      }
      if !frame.fin { return .incomplete }
      parts = nil
      return finish(whole)
    case .binary where parts == nil: return .violation(.unacceptableData)
    case .ping: return .ping(bytes)
    case .pong: return .incomplete
    case .connectionClose: return Self.close(bytes)
    default: return .violation(.protocolError)
    }
  }

  private mutating func begin(_ bytes: ByteBuffer) -> Outcome {
    parts = bytes
    return .incomplete
  }

  private func finish(_ bytes: ByteBuffer) -> Outcome {
    guard (try? UTF8Span(validating: bytes.readableBytesUInt8Span)) != nil else {
      return .violation(.dataInconsistentWithMessage)
    }
    return .line(Self.withoutLineFeeds(bytes))
  }

  /// A line feed within a message ends no line: it becomes a zero byte, which is refused as every control character is.
  private static func withoutLineFeeds(_ bytes: ByteBuffer) -> ByteBuffer {
    let feed = UInt8(ascii: "\n")
    guard bytes.readableBytesView.contains(feed) else { return bytes }
    return ByteBuffer(bytes: bytes.readableBytesView.map { $0 == feed ? 0 : $0 })
  }

  /// A reason has two bytes and perhaps words behind them (section 5.5.1); some codes are never sent (section 7.4).
  private static func close(_ bytes: ByteBuffer) -> Outcome {
    var bytes = bytes
    if bytes.readableBytes == 0 { return .close(nil) }
    guard let number = bytes.getInteger(at: bytes.readerIndex, as: UInt16.self),
      let code = bytes.readWebSocketErrorCode(), (try? UTF8Span(validating: bytes.readableBytesUInt8Span)) != nil
    else { return .violation(.protocolError) }
    switch number {
    case 1000...1003, 1007...1014, 3000...4999: return .close(code)
    default: return .violation(.protocolError)
    }
  }
}
