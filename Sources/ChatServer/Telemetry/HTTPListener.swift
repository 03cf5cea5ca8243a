// The small web server for operators: alive, ready, metrics.
// Never serves clients of the chat, never keeps a connection for long, never takes many.
// On the first event loop of the process.

import NIOCore
import NIOHTTP1
import NIOPosix

/// Opens the port that operators ask.
final class HTTPListener {
  /// Connections at once; beyond it they are closed at once.
  static let maximumConnections = 32
  /// How long a connection may take in all: each carries one request.
  static let patience = TimeAmount.seconds(10)
  /// Bytes that a request may have.
  static let requestBytes = 8192

  private let status: NodeStatus
  private var connections = 0

  private init(_ status: NodeStatus) { self.status = status }

  /// Listens on the first event loop.
  static func open(_ status: NodeStatus, host: String, port: Int) async throws -> any Channel {
    let eventLoop = status.membership.eventLoop
    let listener = try await eventLoop.submit { NIOLoopBound(HTTPListener(status), eventLoop: eventLoop) }.get()
    return try await ServerBootstrap(group: eventLoop)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try listener.value.accept(channel) }
      }
      .bind(host: host, port: port).get()
  }

  private func accept(_ channel: any Channel) throws {
    guard connections < Self.maximumConnections else { return channel.close(promise: nil) }
    connections += 1
    channel.closeFuture.assumeIsolated().whenComplete { _ in self.connections -= 1 }
    let end = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in end.cancel() }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(RequestBound())
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: true)
    try pipeline.addHandler(HTTPRequestHandler(status))
  }
}

/// Closes a connection that sends more than a request may have.
private final class RequestBound: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private var received = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytes
    if received > HTTPListener.requestBytes { return context.close(promise: nil) }
    context.fireChannelRead(data)
  }
}
