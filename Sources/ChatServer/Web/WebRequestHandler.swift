// A browser's connection as long as it speaks HTTP: the files of the page, until it becomes a WebSocket.
// Never keeps a connection that asks nothing, never reads a request's body.
// A channel handler on one event loop.

import ChatState
import NIOCore
import NIOHTTP1
import NIOWebSocket
import TLS

/// The last handler of such a connection.
final class WebRequestHandler: ChannelInboundHandler, RemovableChannelHandler, ProxiedConnection {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a request may take from the one before, or from the connection's beginning, to the end of its answer.
  private static let patience = TimeAmount.seconds(15)

  /// Bytes that may come before an answer; a browser's request has one or two thousand.
  private static let requestBytes = 16_384

  let worker: Worker
  let site: WebSite
  private let isBehindTLS: Bool
  /// As in `ConnectionHandler`, to whom they are handed over.
  private var client: IPAddress?
  private var admittedSource: LoginSource?
  private var proxyHeaderBytes = 0
  private var isHandedOver = false
  private let bound = RequestBound(bytes: requestBytes)
  private var bucket = TokenBucket()
  /// Answers that the kernel has not taken yet.
  private var unwritten = 0
  private var peerHasEnded = false
  private var head: HTTPRequestHead?
  private var deadline: Scheduled<Void>?

  init(worker: Worker, site: WebSite, isBehindTLS: Bool, peer: IPAddress?, admittedFrom source: LoginSource?) {
    (self.worker, self.site, self.isBehindTLS) = (worker, site, isBehindTLS)
    (client, admittedSource) = (peer, source)
  }

  /// Puts everything in place. `records` counts for a connection behind TLS.
  func begin(on channel: any Channel, _ records: RecordMeter?) throws {
    let pipeline = channel.pipeline.syncOperations
    let meter: any InputMeter
    if let records {
      meter = records
    } else {
      let socket = SocketMeter()
      try pipeline.addHandler(socket)
      meter = socket
    }
    try pipeline.addHandler(bound)
    try pipeline.configureHTTPServerPipeline(
      withServerUpgrade: ([WebSocketUpgrade(visitor: self, meter: meter)], { _ in }))
    try pipeline.addHandler(self)
  }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) { expectRequest(on: context.channel) }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    if !isHandedOver { worker.admission.leave(from: admittedSource) }
  }

  func introduce(_ client: IPAddress?, headerBytes: Int) -> Bool {
    (self.client, proxyHeaderBytes) = (client ?? self.client, headerBytes)
    let source = LoginSource(address: self.client?.description ?? "unknown")
    if let limit = worker.admission.assign(source) {
      worker.telemetry.refused(by: limit)
      return false
    }
    admittedSource = source
    return true
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A request that can't become a WebSocket comes to us as any other.
    if error is NIOWebSocketUpgradeError { return }
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event {
      peerHasEnded = true
      if unwritten == 0 { return context.close(promise: nil) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func expectRequest(on channel: any Channel) {
    deadline?.cancel()
    if peerHasEnded, unwritten == 0 { return channel.close(promise: nil) }
    deadline = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
  }

  // MARK: The WebSocket

  /// Nothing of HTTP is left.
  func leave(_ pipeline: ChannelPipeline.SynchronousOperations) {
    pipeline.removeHandler(bound, promise: nil)
    pipeline.removeHandler(self, promise: nil)
  }

  /// The connection that goes on in this one's place.
  func handOver(_ meter: any InputMeter) -> ConnectionHandler {
    isHandedOver = true
    let connection = ConnectionHandler(
      worker: worker, meter: meter, isBehindTLS: isBehindTLS, peer: client, admittedFrom: admittedSource,
      isIntroduced: true)
    connection.proxyHeaderBytes = proxyHeaderBytes
    return connection
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      // Who asks on and on and reads no answer would have us keep them all.
      guard context.channel.isWritable else { return context.close(promise: nil) }
      write(takeToken() ?? WebAnswer(to: head, of: site), to: head, context)
    }
  }

  /// Requests count as commands do without a session.
  private func takeToken() -> WebAnswer? {
    guard let rate = worker.configuration.clientLimits.commandRate, let wait = bucket.take(rate, now: .now()) else {
      return nil
    }
    worker.telemetry.refused(by: .commandRate)
    return .tooManyRequests(retryAfter: Int(wait.nanoseconds / 1_000_000_000) + 1)
  }

  private func write(_ answer: WebAnswer, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let isLast = answer.isLast || !head.isKeepAlive || worker.isDraining || worker.isStopping
    var response = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
    if let body = answer.body { response.headers.add(name: "content-length", value: "\(body.readableBytes)") }
    if isLast { response.headers.add(name: "connection", value: "close") }
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if let body = answer.body, head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    unwritten += 1
    bound.renew()
    let parts = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      let (visitor, channel) = parts.value
      visitor.unwritten -= 1
      if isLast { channel.close(promise: nil) } else { visitor.expectRequest(on: channel) }
    }
  }
}
