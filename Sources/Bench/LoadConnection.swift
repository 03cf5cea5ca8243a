// Owns: one connection of the generator: bytes in, replies out to its role, requests gathered and written together.
// Must never: allocate per reply, or flush more than once in a turn of the event loop.
// Runs on: the generator's event loop.
import NIOCore

/// What a connection is there for. All calls come on the event loop.
protocol ConnectionRole: AnyObject {
  /// The connection stands; what is written now goes out with the next `flush`.
  func opened(_ connection: LoadConnection)
  /// One whole reply or event: `bytes[range]`, line ends included.
  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection)
  /// All that had come has been handed out; what was written meanwhile leaves behind this.
  func batchEnded(on connection: LoadConnection)
  /// The connection is gone, whoever ended it, or never came.
  func closed(_ connection: LoadConnection)
}

extension ConnectionRole {
  func batchEnded(on connection: LoadConnection) {}
}

/// A role with one connection that stays until it is ended.
protocol LastingRole: ConnectionRole {
  /// `nil` before it stands, and once somebody has ended it.
  var connection: LoadConnection? { get set }
}

extension LastingRole {
  /// Ends the connection; its end is then none that the server is to blame for.
  func end() {
    let ended = connection
    connection = nil
    ended?.close()
  }
}

/// A connection to a node or to Redis.
final class LoadConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// When the bytes that are handed out came, nanoseconds of the monotonic clock.
  private(set) var now: UInt64 = 0
  /// Whose connection it is; the role is told of everything.
  private let role: any ConnectionRole
  private var scanner: ReplyScanner
  private var input: ByteBuffer?
  private var output: ByteBuffer
  private var context: ChannelHandlerContext?

  init(_ wire: Wire, role: any ConnectionRole) {
    self.role = role
    scanner = ReplyScanner(wire)
    output = ByteBuffer()
  }

  /// Whether the peer can be written to.
  var isOpen: Bool { context != nil }

  /// Appends to what leaves with the next flush.
  func write(_ bytes: [UInt8]) { output.writeBytes(bytes) }

  /// The same for text.
  func write(_ text: String) { output.writeString(text) }

  /// Sends what was written.
  func flush() {
    guard output.readableBytes > 0, let context else { return }
    context.writeAndFlush(wrapOutboundOut(output), promise: nil)
    // The kernel has usually taken it all by now; then this uses the same memory again.
    output.clear()
  }

  /// Ends the connection.
  func close() { context?.close(promise: nil) }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    role.closed(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    now = NIODeadline.now().uptimeNanoseconds
    var bytes = unwrapInboundIn(data)
    if var rest = input {
      rest.writeBuffer(&bytes)
      input = nil
      bytes = rest
    }
    bytes.moveReaderIndex(forwardBy: handOut(bytes))
    if bytes.readableBytes > 0 {
      bytes.discardReadBytes()
      input = bytes
    }
  }

  /// Hands out every whole reply; how many bytes they took.
  private func handOut(_ bytes: ByteBuffer) -> Int {
    let span = bytes.readableBytesUInt8Span
    var start = 0
    while let length = scanner.next(in: span, from: start) {
      role.received(span, start..<start + length, on: self)
      start += length
    }
    return start
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    role.batchEnded(on: self)
    flush()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
