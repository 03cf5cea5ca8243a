// Owns: a WebSocket around a connection of the generator: lines leave as frames, messages arrive as replies with their line ends.
// Must never: let a role know of it.
// Runs on: the generator's event loop, between the socket and the connection.
import NIOCore

/// The client's side of RFC 6455, as much of it as a load needs.
final class WebSocketFraming: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    /// What the server has said so far.
    case upgrading(ByteBuffer)
    case open
  }

  private static let lineFeed = UInt8(ascii: "\n")
  private static let replyEnd = Array("\r\n\r\n".utf8)
  private static let request =
    "GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    + "sec-websocket-version: 13\r\nsec-websocket-key: a2FiYXIgYmVuY2ggbG9hZA==\r\n\r\n"

  private var phase = Phase.upgrading(ByteBuffer())
  /// Lines that were written before the upgrade.
  private var waiting = ByteBuffer()
  private var input = ByteBuffer()

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.request)), promise: nil)
    context.fireChannelActive()
  }

  // MARK: Out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var lines = unwrapOutboundIn(data)
    guard case .open = phase else {
      waiting.writeBuffer(&lines)
      promise?.succeed()
      return
    }
    context.write(wrapOutboundOut(Self.frames(of: lines)), promise: promise)
  }

  /// A text frame for each line. The masking key is zero, which any key may be: the generator's time is not what is measured.
  private static func frames(of lines: ByteBuffer) -> ByteBuffer {
    var (rest, frames) = (lines, ByteBuffer())
    while let length = rest.readableBytesView.firstIndex(of: lineFeed).map({ $0 - rest.readerIndex }),
      var line = rest.readSlice(length: length)
    {
      rest.moveReaderIndex(forwardBy: 1)
      if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
      frames.writeInteger(UInt8(0x81))
      if line.readableBytes < 126 {
        frames.writeInteger(0x80 | UInt8(line.readableBytes))
      } else {
        frames.writeInteger(UInt8(0x80 | 126))
        frames.writeInteger(UInt16(line.readableBytes))
      }
      frames.writeInteger(UInt32(0))
      frames.writeBuffer(&line)
    }
    return frames
  }

  // MARK: In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if case .upgrading(var head) = phase {
      head.writeBuffer(&bytes)
      guard let end = head.readableBytesView.firstRange(of: Self.replyEnd) else {
        phase = .upgrading(head)
        return
      }
      guard head.getString(at: head.readerIndex, length: 12) == "HTTP/1.1 101" else {
        return context.close(promise: nil)
      }
      head.moveReaderIndex(to: end.upperBound)
      phase = .open
      bytes = head
      context.writeAndFlush(wrapOutboundOut(Self.frames(of: waiting)), promise: nil)
      waiting = ByteBuffer()
    }
    input.writeBuffer(&bytes)
    let replies = takeMessages()
    if replies.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(replies)) }
  }

  /// Every whole frame: a server's are not masked, and ours are never cut into fragments.
  private func takeMessages() -> ByteBuffer {
    var replies = ByteBuffer()
    while let (head, length) = sizes(), input.readableBytes >= head + length {
      let isText = input.getInteger(at: input.readerIndex, as: UInt8.self) == 0x81
      input.moveReaderIndex(forwardBy: head)
      guard var message = input.readSlice(length: length), isText else { continue }
      replies.writeBuffer(&message)
      replies.writeBytes(Self.replyEnd)
    }
    input.discardReadBytes()
    return replies
  }

  /// Of the next frame; `nil`: not all of its head is here.
  private func sizes() -> (head: Int, length: Int)? {
    let place = input.readerIndex + 1
    switch input.getInteger(at: place, as: UInt8.self) {
    case nil: return nil
    case 126: return input.getInteger(at: place + 1, as: UInt16.self).map { (4, Int($0)) }
    case 127: return input.getInteger(at: place + 1, as: UInt64.self).map { (10, Int($0)) }
    case .some(let short): return (2, Int(short))
    }
  }
}
