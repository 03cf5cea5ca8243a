// A browser's connection as long as it speaks HTTP: the files of the page, until it becomes a WebSocket.
// Never keeps a connection that asks nothing, never reads a request's body.
// A channel handler on one event loop.

import ChatState
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOWebSocket
import TLS

/// The last handler of such a connection.
final class WebRequestHandler: ChannelInboundHandler, RemovableChannelHandler, ProxiedConnection {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a request may take from the one before, or from the connection's beginning, to the end of its answer.
  private static let patience = TimeAmount.seconds(15)

  let worker: Worker
  let site: WebSite
  private let isBehindTLS: Bool
  /// As in `ConnectionHandler`, to whom they are handed over.
  private var client: IPAddress?
  private var admittedSource: LoginSource?
  private var proxyHeaderBytes = 0
  private var isHandedOver = false
  private let compressor = HTTPResponseCompressor()
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
    try pipeline.configureHTTPServerPipeline(
      withServerUpgrade: ([WebSocketUpgrade(visitor: self, meter: meter)], { _ in }))
    try pipeline.addHandlers([compressor, self])
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

  private func expectRequest(on channel: any Channel) {
    deadline?.cancel()
    deadline = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
  }

  // MARK: The WebSocket

  /// The connection that goes on in this one's place.
  func handOver(_ meter: any InputMeter) -> ConnectionHandler {
    isHandedOver = true
    let connection = ConnectionHandler(
      worker: worker, meter: meter, isBehindTLS: isBehindTLS, peer: client, admittedFrom: admittedSource,
      isIntroduced: true)
    connection.proxyHeaderBytes = proxyHeaderBytes
    return connection
  }

  /// Nothing of HTTP is left.
  func leave(_ pipeline: ChannelPipeline.SynchronousOperations) {
    pipeline.removeHandler(compressor, promise: nil)
    pipeline.removeHandler(self, promise: nil)
  }

  // MARK: Requests

  static func path(of head: HTTPRequestHead) -> String { String(head.uri.prefix { $0 != "?" }) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let path = Self.path(of: head)
    guard head.method == .GET || head.method == .HEAD else {
      return write(.methodNotAllowed, "only GET and HEAD", [("allow", "GET, HEAD")], to: head, context)
    }
    if path == UpgradeRefusal.path {
      let refusal = UpgradeRefusal(head, site.origins)
      let headers =
        refusal?.status == .upgradeRequired ? [("upgrade", "websocket"), ("sec-websocket-version", "13")] : []
      // On a connection that was used for something else before it is too late: see NIO's HTTPServerUpgradeHandler.
      return write(
        refusal?.status ?? .badRequest, refusal?.message ?? "ask for the WebSocket on a new connection", headers,
        to: head,
        context)
    }
    guard let file = site.files[path] else { return write(.notFound, "there is nothing here", [], to: head, context) }
    var headers = WebSite.securityHeaders
    headers.add(contentsOf: [("etag", file.entityTag), ("cache-control", "no-cache"), ("vary", "accept-encoding")])
    let known = head.headers[canonicalForm: "if-none-match"].contains { $0 == file.entityTag || $0 == "*" }
    if known { return write(.notModified, headers, nil, to: head, context) }
    headers.add(name: "content-type", value: file.type)
    write(.ok, headers, file.body, to: head, context)
  }

  private func write(
    _ status: HTTPResponseStatus, _ line: String, _ more: [(String, String)], to head: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    var headers = WebSite.securityHeaders
    headers.add(contentsOf: more + [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")])
    write(status, headers, ByteBuffer(string: line + "\n"), to: head, context)
  }

  private func write(
    _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer?, to head: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    let isLast = !head.isKeepAlive || worker.isDraining || worker.isStopping
    var response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    if let body { response.headers.add(name: "content-length", value: "\(body.readableBytes)") }
    if isLast { response.headers.add(name: "connection", value: "close") }
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if let body, head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    let channel = context.channel
    let visitor = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if isLast { channel.close(promise: nil) } else { visitor.value.expectRequest(on: channel) }
    }
  }
}
