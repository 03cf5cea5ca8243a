// One open socket to Redis: bytes in, replies out.
// Never knows what a reply answers, never reads on after an error of the decoder.
// A channel handler on one event loop.

import NIOCore

/// The innermost handler of a connection to Redis.
final class RedisConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// Why a connection ended.
  enum End: Error, CustomStringConvertible {
    case closedByPeer
    case io(any Error)
    case decoding(ReplyDecoder.Failure)
    case handshake(Handshake.Failure)
    case stalled
    case unrequestedReply
    case demoted
    case subscriptionRefused(RedisServerError)
    case closedByUs

    /// A reply that can't be decoded would come again: what was asked must not be asked again on the next connection.
    var isNoFaultOfARequest: Bool {
      switch self {
      case .decoding, .unrequestedReply, .closedByUs: false
      default: true
      }
    }

    var description: String {
      switch self {
      case .closedByPeer: "Redis closed the connection"
      case .io(let error): ConnectFailure.words(for: error)
      case .decoding(let failure): "the reply can't be decoded: \(failure)"
      case .handshake(let failure): "\(failure)"
      case .stalled: "Redis does not answer"
      case .unrequestedReply: "Redis sent a reply that nobody asked for"
      case .demoted: "this Redis is no longer a master"
      case .subscriptionRefused(let error): "Redis refused SUBSCRIBE: \(error.message)"
      case .closedByUs: "closed"
      }
    }
  }

  private let decoder: ReplyDecoder
  private var onReply: ((RedisReply) -> Void)?
  private var onEnd: ((End) -> Void)?
  private var channel: (any Channel)?

  /// When bytes last came.
  private(set) var lastReceived = NIODeadline.now()

  init(decoder: ReplyDecoder, onReply: @escaping (RedisReply) -> Void, onEnd: @escaping (End) -> Void) {
    self.decoder = decoder
    self.onReply = onReply
    self.onEnd = onEnd
  }

  func write(_ bytes: ByteBuffer) { channel?.writeAndFlush(bytes, promise: nil) }

  /// Ends the connection; `onEnd` is called once, whatever the reason.
  func end(_ reason: End) {
    guard let report = onEnd else { return }
    onEnd = nil
    onReply = nil
    channel?.close(promise: nil)
    channel = nil
    report(reason)
  }

  func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastReceived = .now()
    do {
      try decoder.feed(unwrapInboundIn(data))
      while let reply = try decoder.next() {
        guard let deliver = onReply else { return }
        deliver(reply)
      }
    } catch {
      end(.decoding(error))
    }
  }

  func channelInactive(context: ChannelHandlerContext) { end(.closedByPeer) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.io(error)) }
}
