// Owns: how the generator's connections are made.
// Must never: wait: the role is told when the connection stands.
// Runs on: the generator's event loop.
import NIOCore
import NIOPosix

/// Opens connections to one server.
final class Connector {
  private let eventLoop: any EventLoop
  private let server: LoadServer
  private var opened = 0

  init(_ server: LoadServer, on eventLoop: any EventLoop) {
    (self.server, self.eventLoop) = (server, eventLoop)
  }

  /// Opens a connection for `role`, to the next of the server's addresses in turn.
  func open(_ role: any ConnectionRole) {
    let address = server.addresses[opened % server.addresses.count]
    opened += 1
    let connection = LoadConnection(server.wire, role: role)
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    let isWebSocket = server.isWebSocket
    ClientBootstrap(group: eventLoop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(.seconds(5))
      // One read each time: what is left is read in the next turn, and no system call is spent on finding nothing.
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if isWebSocket { try channel.pipeline.syncOperations.addHandler(WebSocketFraming()) }
          try channel.pipeline.syncOperations.addHandler(bound.value)
        }
      }
      .connect(to: address).assumeIsolated().whenComplete { result in
        switch result {
        case .success:
          role.opened(connection)
          connection.flush()
        case .failure: role.closed(connection)
        }
      }
  }
}
