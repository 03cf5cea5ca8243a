// The moment in which an HTTP request becomes a WebSocket.
// Never accepts what a browser of another site was made to ask.
// On the event loop of the connection.

import ChatProtocol
import Foundation
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Why a request can't become a WebSocket, as HTTP says it.
struct UpgradeRefusal: Error, Equatable {
  let status: HTTPResponseStatus
  let message: String

  /// The path of the WebSocket.
  static let path = "/ws"

  /// What is wrong with a request; `nil` if it may become a WebSocket (RFC 6455, section 4.2.1).
  init?(_ head: HTTPRequestHead, _ origins: OriginPolicy) {
    func has(_ name: String, _ token: String) -> Bool {
      head.headers[canonicalForm: name].contains { $0.lowercased() == token }
    }
    let key = head.headers["sec-websocket-key"]
    let problem: (HTTPResponseStatus, String)? =
      if head.version != .http1_1 || head.headers["host"].count != 1 {
        (.badRequest, "a WebSocket needs HTTP/1.1 and one Host")
      } else if !has("upgrade", "websocket") || !has("connection", "upgrade") {
        (.upgradeRequired, "this is a WebSocket: ask for it with Upgrade: websocket")
      } else if head.headers["sec-websocket-version"] != ["13"] {
        (.upgradeRequired, "Sec-WebSocket-Version must be 13")
      } else if key.count != 1 || Data(base64Encoded: key[0])?.count != 16 {
        (.badRequest, "Sec-WebSocket-Key must be 16 bytes in Base64")
      } else if !origins.permits(origin: head.headers.first(name: "origin"), host: head.headers.first(name: "host")) {
        (.forbidden, "pages of this origin may not connect: see --allowed-origins")
      } else {
        nil
      }
    guard let problem else { return nil }
    (status, message) = problem
  }
}

/// Does the handshake with NIO's upgrader, and puts the connection behind its framing.
struct WebSocketUpgrade: HTTPServerProtocolUpgrader {
  let supportedProtocol = "websocket"
  let requiredUpgradeHeaders: [String] = []

  let visitor: WebRequestHandler
  /// Counts what comes from the socket.
  let meter: any InputMeter

  func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    let isMeant = WebAnswer.path(of: upgradeRequest) == UpgradeRefusal.path && upgradeRequest.method == .GET
    let isAccepted = isMeant && UpgradeRefusal(upgradeRequest, visitor.site.origins) == nil
    return NIOWebSocketServerUpgrader(
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(isAccepted ? [:] : nil) },
      upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    ).buildUpgradeResponse(
      channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
  }

  func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
    context.eventLoop.makeCompletedFuture {
      let pipeline = context.pipeline.syncOperations
      let connection = visitor.handOver(meter)
      let reader = WebSocketFrameReader(maximumBytes: ProtocolLimits.lineBytes, behind: meter)
      connection.meter = reader
      try pipeline.addHandlers([
        ByteToMessageHandler(reader), WebSocketHandler(for: connection, reader: reader), connection,
      ])
      visitor.leave(pipeline)
    }
  }
}
