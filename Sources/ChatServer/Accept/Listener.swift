// One event loop's listening socket.
// Never accepts for another loop: the kernel spreads connections over all listeners of the port (SO_REUSEPORT).
// Set up from anywhere; accepts on its event loop.

import ChatState
import NIOCore
import NIOPosix
import TLS

/// Opens listeners that share a port with the other loops and the other node processes.
enum Listener {
  /// Connections that the kernel completes before we accept them; beyond it clients wait. The kernel's own bound is
  /// `net.core.somaxconn`, 4096 by default.
  private static let backlog: Int32 = 4096

  /// Listens on the worker's loop; behind TLS if `tls` is given.
  static func open(
    _ worker: NIOLoopBound<Worker>, on eventLoop: any EventLoop, host: String, port: Int, outboxBytes: Int,
    tls: ServerTLS? = nil
  ) async throws -> any Channel {
    try await ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.reusePort), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .writeBufferWaterMark, value: .init(low: max(outboxBytes / 2, 1), high: max(outboxBytes, 2))
      )
      // FIN ends the requests, not the replies: what was asked before it is answered.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let records = try tls?.protect(channel)
          let connection = ConnectionHandler(worker: worker.value, records: records)
          if isProxy(channel, worker.value) {
            try channel.pipeline.syncOperations.addHandler(ProxyHeaderHandler(for: connection), position: .first)
          }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .bind(host: host, port: port).get()
  }

  /// Whether the connection comes from a proxy that is trusted to say who its client is.
  private static func isProxy(_ channel: any Channel, _ worker: Worker) -> Bool {
    let trusted = worker.configuration.trustedProxies
    guard !trusted.isEmpty, let peer = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) else { return false }
    return trusted.contains { $0.contains(peer) }
  }
}

extension NIOBSDSocket.Option {
  /// `SO_REUSEPORT`, for which NIO has no constant on Linux (asm-generic/socket.h: 15).
  fileprivate static let reusePort = NIOBSDSocket.Option(rawValue: 15)
}
