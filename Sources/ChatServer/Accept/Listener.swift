// One event loop's listening socket.
// Never accepts for another loop: the kernel spreads connections over all listeners of the port (SO_REUSEPORT).
// Set up from anywhere; accepts on its event loop.

import ChatProtocol
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
    _ door: Door, _ worker: NIOLoopBound<Worker>, on eventLoop: any EventLoop, host: String, port: Int,
    outboxBytes: Int, tls: ServerTLS? = nil
  ) async throws -> any Channel {
    try await ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.reusePort), value: 1)
      // Out of descriptors: a pause, not a loop that does nothing else.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try setOptions(of: channel, outboxBytes: outboxBytes)
          try accept(channel, at: door, for: worker.value, tls)
        }
      }
      .bind(host: host, port: port).get()
  }

  /// Accepts what waits in the listener's queue, then leaves the group of listeners: from there on the kernel gives connections to
  /// the others. What completes in the very moment between goes along (see `ConnectionMigration`).
  static func close(_ listener: any Channel) async {
    let closed = listener.eventLoop.makePromise(of: Void.self)
    closeWhenEmpty(listener, until: .now() + emptyingPatience, closed)
    try? await closed.futureResult.get()
  }

  /// How long a queue may take to be accepted; where more arrives than can be accepted it never is empty.
  private static let emptyingPatience = TimeAmount.seconds(1)

  private static func closeWhenEmpty(_ listener: any Channel, until end: NIODeadline, _ closed: EventLoopPromise<Void>)
  {
    listener.eventLoop.execute {
      TCPInfo.read(from: listener) { info in
        guard let info, info.waitingConnections > 0, .now() < end else { return listener.close(promise: closed) }
        closeWhenEmpty(listener, until: end, closed)
      }
    }
  }

  /// Here and not by the bootstrap, which makes half a dozen futures for each option of each connection.
  private static func setOptions(of channel: any Channel, outboxBytes: Int) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
    try options.setOption(
      .writeBufferWaterMark, value: .init(low: max(outboxBytes / 2, 1), high: max(outboxBytes, 2)))
    // NIO keeps a connection's buffer for its next read: an idle one has sent short lines and keeps little. It grows with
    // what is read.
    try options.setOption(
      .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 256, maximum: 65_536))
    // FIN ends the requests, not the replies: what was asked before it is answered.
    try options.setOption(.allowRemoteHalfClosure, value: true)
  }

  private static func accept(_ channel: any Channel, at door: Door, for worker: Worker, _ tls: ServerTLS?) throws {
    let pipeline = channel.pipeline.syncOperations
    let peer = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
    let isProxied = peer.map { peer in worker.configuration.trustedProxies.contains { $0.contains(peer) } } ?? false
    let source = isProxied ? nil : peer.map { LoginSource(address: $0.description) } ?? .unknown
    if let limit = worker.admission.enter(from: source) {
      worker.telemetry.refused(by: limit)
      return try pipeline.addHandler(SurplusConnection(tls == nil ? door.farewell : nil))
    }
    do {
      let records = try tls?.protect(channel)
      let connection: any ProxiedConnection
      switch door {
      case .lines:
        let lines = ConnectionHandler(
          worker: worker, meter: records, isBehindTLS: tls != nil, peer: peer, admittedFrom: source,
          isIntroduced: tls == nil && source != nil)
        try pipeline.addHandler(lines)
        connection = lines
      case .web(let site):
        let visitor = WebRequestHandler(
          worker: worker, site: site, isBehindTLS: tls != nil, peer: peer, admittedFrom: source)
        try visitor.begin(on: channel, records)
        connection = visitor
      }
      if isProxied { try pipeline.addHandler(ProxyHeaderHandler(for: connection), position: .first) }
    } catch {
      worker.admission.leave(from: source)  // nobody else will
      throw error
    }
  }
}

/// What is spoken on a port.
enum Door: Sendable {
  /// The line protocol.
  case lines
  /// HTTP and WebSockets.
  case web(WebSite)

  /// What one connection too many is told.
  fileprivate var farewell: ByteBuffer {
    switch self {
    case .lines:
      var bytes: [UInt8] = []
      Reply.refused(.tooManyConnections).encode(into: &bytes)
      return ByteBuffer(bytes: bytes)
    case .web:
      return ByteBuffer(string: "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    }
  }
}

extension NIOBSDSocket.Option {
  /// `SO_REUSEPORT`, for which NIO has no constant on Linux (asm-generic/socket.h: 15).
  static let reusePort = NIOBSDSocket.Option(rawValue: 15)
}
