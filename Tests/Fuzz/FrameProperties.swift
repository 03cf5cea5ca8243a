// Owns: what holds for any bytes that a client sends on a WebSocket, on their way to request lines.
// Must never: know how the reader of frames or the message works.
// Runs on: any thread.
import ChatProtocol
import ChatServer
import NIOCore
import NIOEmbedded
import NIOWebSocket

/// Bytes → frames → messages.
enum FrameProperties {
  static func check(_ input: [UInt8]) throws(Finding) {
    var bytes = CutBytes(input)
    bytes.stretch(kibibyte: kibibyte, few: few, upTo: 18_000)
    let meter = Meter()
    let reader = WebSocketFrameReader(maximumBytes: ProtocolLimits.lineBytes, behind: meter)
    let collector = Collector(reader)
    let channel = EmbeddedChannel(handlers: [ByteToMessageHandler(reader), collector])
    for piece in bytes.pieces where collector.end == nil {
      meter.delivered += piece.count
      _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
      let expected = ReferenceFrames(bytes.whole.prefix(meter.delivered))
      try compare(collector, expected)
      if expected.end == nil { try compare(reader, expected, arrived: meter.delivered) }
    }
    _ = try? channel.finish()
  }

  /// Bytes of an input that may stand for more (`CutBytes.stretch`): as a frame's first byte each would be wrong.
  static let (kibibyte, few) = (UInt8(0xF6), UInt8(0xF7))

  private static func compare(_ found: Collector, _ expected: ReferenceFrames) throws(Finding) {
    // What is wrong with a frame may be said before all of it is here.
    let isEndExpected = found.end.map { $0 == expected.end || expected.foreseen.contains($0) } ?? (expected.end == nil)
    try Finding.unless(
      isEndExpected,
      "ended with \(found.end.map { "\($0)" } ?? "-"), not \(expected.end ?? 0) or \(expected.foreseen)")
    try Finding.unless(found.lines == expected.lines, "\(found.lines.count) lines, not \(expected.lines.count)")
    try Finding.unless(found.pings == expected.pings, "\(found.pings.count) pings, not \(expected.pings.count)")
  }

  /// What counts as delivered is what stood in whole messages, when nothing is behind them.
  private static func compare(
    _ reader: WebSocketFrameReader, _ expected: ReferenceFrames, arrived: Int
  ) throws(Finding) {
    let isWhole = expected.wholeMessages == arrived
    try Finding.unless(reader.isPartWaiting != isWhole, "a part waits: \(reader.isPartWaiting), whole: \(isWhole)")
    try Finding.unless(
      isWhole ? reader.delivered == arrived : reader.delivered <= expected.wholeMessages,
      "\(reader.delivered) bytes delivered, whole messages end at \(expected.wholeMessages)")
  }

  /// Counts as the socket does.
  private final class Meter: InputMeter {
    var delivered = 0
  }

  /// What the handler of a connection does with frames, as far as it is no connection.
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let reader: WebSocketFrameReader
    private var message = WebSocketMessage()
    private(set) var lines: [[UInt8]] = []
    private(set) var pings: [[UInt8]] = []
    /// The code of a Close frame or of what is wrong; 1005: closed without a code (RFC 6455, section 7.4.1).
    private(set) var end: UInt16?

    init(_ reader: WebSocketFrameReader) { self.reader = reader }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard end == nil else { return }
      switch message.take(unwrapInboundIn(data)) {
      case .line(let line): lines.append(Array(line.readableBytesView))
      case .incomplete: break
      case .ping(let bytes): pings.append(Array(bytes.readableBytesView))
      case .close(let code): end = code.map { UInt16(webSocketErrorCode: $0) } ?? 1005
      case .violation(let code): end = UInt16(webSocketErrorCode: code)
      }
    }

    func channelReadComplete(context: ChannelHandlerContext) { reader.readEnded(withinMessage: message.isBegun) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      if let error = error as? NIOWebSocketError, end == nil { end = error == .invalidFrameLength ? 1009 : 1002 }
    }
  }
}
