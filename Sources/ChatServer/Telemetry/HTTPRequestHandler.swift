// One request of an operator: its path, and the answer: how the node is, its figures, the view of the cluster.
// Never takes anything but GET and HEAD, never answers a second request on a connection.
// On the first event loop of the process.

import ChatProtocol
import NIOCore
import NIOHTTP1
import WebPages

final class HTTPRequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private struct Answer: Sendable {
    var status = HTTPResponseStatus.ok
    var type = "text/plain; charset=utf-8"
    let body: ByteBuffer
    /// Beside those of each answer.
    var headers = HTTPHeaders()

    init(status: HTTPResponseStatus = .ok, type: String = "text/plain; charset=utf-8", body: String) {
      (self.status, self.type, self.body) = (status, type, ByteBuffer(string: body))
    }

    init(_ page: WebPage) {
      (type, body, headers) = (page.type, ByteBuffer(bytes: page.bytes), WebSite.securityHeaders)
    }
  }

  private let status: NodeStatus
  private var head: HTTPRequestHead?
  /// The whole request has come.
  private(set) var isComplete = false

  init(_ status: NodeStatus) { self.status = status }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): if self.head == nil { self.head = head }
    case .body: break
    case .end:
      guard let head, !isComplete else { return }
      isComplete = true
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      let answer = answer(to: head, on: context.value.eventLoop)
      answer.assumeIsolated().whenSuccess { self.write($0, to: head, context.value) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func answer(to head: HTTPRequestHead, on eventLoop: any EventLoop) -> EventLoopFuture<Answer> {
    guard head.method == .GET || head.method == .HEAD else {
      return eventLoop.makeSucceededFuture(Answer(status: .methodNotAllowed, body: "only GET and HEAD\n"))
    }
    switch head.uri.prefix(while: { $0 != "?" }) {
    case "/livez": return eventLoop.makeSucceededFuture(Answer(body: "alive\n"))
    case "/readyz":
      return status.unready().map { reason in
        reason.map { Answer(status: .serviceUnavailable, body: $0 + "\n") } ?? Answer(body: "ready\n")
      }
    case "/metrics": return status.metrics().map { Answer(type: MetricsPage.contentType, body: $0.text) }
    case "/cluster.json": return clusterReport(on: eventLoop)
    case let path:
      let file = WebPage.cluster.first { $0.path == path }.map { Answer($0) }
      let nothing = Answer(status: .notFound, body: "/livez, /readyz, /metrics or /cluster\n")
      return eventLoop.makeSucceededFuture(file ?? nothing)
    }
  }

  private func clusterReport(on eventLoop: any EventLoop) -> EventLoopFuture<Answer> {
    let type = "application/json"
    guard let cluster = status.cluster?.value else {
      return eventLoop.makeSucceededFuture(Answer(status: .notFound, body: "this node has no view of the cluster\n"))
    }
    return cluster.read().map { Answer(type: type, body: $0) }.recover { error in
      var words: [UInt8] = []
      words.appendJSON(string: "Redis could not be asked: \(error)")
      let body = "{\"error\":\(String(decoding: words, as: UTF8.self))}"
      return Answer(status: .serviceUnavailable, type: type, body: body)
    }
  }

  private func write(_ answer: Answer, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    var headers = answer.headers
    headers.add(contentsOf: [
      ("content-type", answer.type), ("content-length", "\(answer.body.readableBytes)"), ("connection", "close"),
      ("cache-control", "no-store"),
    ])
    if answer.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
    let response = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    }
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
  }
}
