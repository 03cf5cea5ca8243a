// The small web server for operators: alive, ready, metrics.
// Never serves clients of the chat, never keeps a connection for long, never takes many.
// On the first event loop of the process.

import NIOCore
import NIOHTTP1
import NIOPosix

/// Opens the port that operators ask.
final class HTTPListener {
  /// Connections at once; the next one takes the place of an older one.
  static let maximumConnections = 32
  /// How long a connection may take in all: each carries one request.
  static let patience = TimeAmount.seconds(5)
  /// Bytes that a request may have.
  static let requestBytes = 8192

  private let status: NodeStatus
  /// In the order in which they came.
  private var connections: [(channel: any Channel, request: HTTPRequestHandler)] = []

  private init(_ status: NodeStatus) { self.status = status }

  /// Listens on the first event loop, where nobody else does. `isReserved`: `kabar up` holds the port for its node, with SO_REUSEPORT.
  /// Old connections in TIME_WAIT are no obstacle: a node that is restarted finds its port again.
  static func open(_ status: NodeStatus, host: String, port: Int, isReserved: Bool) async throws -> any Channel {
    let eventLoop = status.membership.eventLoop
    let listener = try await eventLoop.submit { NIOLoopBound(HTTPListener(status), eventLoop: eventLoop) }.get()
    return try await ServerBootstrap(group: eventLoop)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.reusePort), value: isReserved ? 1 : 0)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try listener.value.accept(channel) }
      }
      .bind(host: host, port: port).get()
  }

  private func accept(_ channel: any Channel) throws {
    if connections.count >= Self.maximumConnections { makeRoom() }
    let request = HTTPRequestHandler(status)
    connections.append((channel, request))
    channel.closeFuture.assumeIsolated().whenComplete { _ in self.connections.removeAll { $0.channel === channel } }
    let end = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in end.cancel() }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(RequestBound(bytes: Self.requestBytes))
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: true)
    try pipeline.addHandler(request)
  }

  /// Who connects and says nothing must not keep operators out: they ask at once. So the oldest goes that has not asked yet;
  /// only if all have, the oldest of those.
  private func makeRoom() {
    let index = connections.firstIndex { !$0.request.isComplete } ?? 0
    connections.remove(at: index).channel.close(promise: nil)
  }
}
