// Keeps one usable connection to Redis: connects, shakes hands, and does it again after every end.
// Never carries requests: the client and the subscriber above it do.
// On one event loop.

import Logging
import NIOCore
import NIOPosix
import TLS

/// How a connection to Redis is made and judged.
package struct RedisConfiguration: Sendable {
  package var address: RedisAddress
  /// Shown by `CLIENT LIST`.
  package var connectionName: String
  /// Loaded before the connection is used.
  package var scripts: [RedisScript] = []
  /// How long a request may take in all, waiting for a connection included.
  package var requestTimeout = TimeAmount.seconds(2)
  /// How late the oldest reply may be before the connection is given up, and how long connecting may take.
  package var replyTimeout = TimeAmount.seconds(2)
  /// After this long without traffic, one PING.
  package var idlePing = TimeAmount.seconds(10)
  /// Replicas that must confirm an append before it is answered; 0 asks none. (`WAIT`: best effort, a failover may still
  /// choose a replica that lacks it.)
  package var minimumReplicas = 0
  /// A replica will do, for who only looks.
  package var acceptsReplica = false
  /// Bound on requests on their way.
  package var maximumRequests = 16384
  /// Bound on the bytes of these requests.
  package var maximumRequestBytes = 64 << 20
  /// Bound on the bytes of one reply.
  package var maximumReplyBytes = 64 << 20

  package init(address: RedisAddress, connectionName: String) {
    self.address = address
    self.connectionName = connectionName
  }
}

/// The connection's life: connecting → shaking hands → ready → (ended: waiting → connecting …) → closed.
final class RedisLink {
  private enum Phase {
    case idle
    case connecting
    case shakingHands(RedisConnection, Handshake, timeout: Scheduled<Void>)
    case ready(RedisConnection)
    case waiting(Scheduled<Void>)
    case closed
  }

  let eventLoop: any EventLoop
  private let configuration: RedisConfiguration
  private let logger: Logger
  private var backoff = Backoff()
  private var phase = Phase.idle
  private var lastEnd = ""
  /// Since when the present connection, or the last one, was ready.
  private(set) var readySince = NIODeadline.now()
  /// How long there was no connection before it; zero for the first.
  private(set) var lastOutage = TimeAmount.zero
  private var lostAt: NIODeadline?

  /// A connection that has lived this long was good: after its end the backoff begins anew. A server that lets us in
  /// and throws us out at once is not asked ever faster.
  private static let provenAfter = TimeAmount.seconds(1)

  private let onReady: () -> Void
  private let onReply: (RedisReply) -> Void
  private let onEnd: (RedisConnection.End) -> Void

  /// - Parameters:
  ///   - onReady: a connection may be used now.
  ///   - onReply: a reply on it.
  ///   - onEnd: that connection is gone; the next `onReady` follows when there is another.
  init(
    _ configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger,
    onReady: @escaping () -> Void, onReply: @escaping (RedisReply) -> Void,
    onEnd: @escaping (RedisConnection.End) -> Void
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.onReady = onReady
    self.onReply = onReply
    self.onEnd = onEnd
  }

  /// Why there is no connection; `nil` if there is one.
  var failure: String? { lastEnd.isEmpty ? nil : lastEnd }

  var isReady: Bool {
    if case .ready = phase { true } else { false }
  }

  /// Whether the ready connection has brought nothing for so long.
  func isSilent(for time: TimeAmount, at now: NIODeadline) -> Bool {
    guard case .ready(let connection) = phase else { return false }
    return connection.lastReceived + time <= now
  }

  func start() {
    guard case .idle = phase else { return }
    connect()
  }

  /// Writes to the ready connection.
  func write(_ bytes: ByteBuffer) {
    guard case .ready(let connection) = phase else { return }
    connection.write(bytes)
  }

  /// Writes one command to the ready connection.
  func write(_ command: RedisCommand) { write(ByteBuffer(bytes: command.encoded)) }

  /// Ends the present connection; another follows.
  func reconnect(because reason: RedisConnection.End) {
    if case .ready(let connection) = phase { connection.end(reason) }
  }

  /// Ends for good.
  func close() {
    let last = phase
    phase = .closed
    switch last {
    case .shakingHands(let connection, _, let timeout):
      timeout.cancel()
      connection.end(.closedByUs)
    case .ready(let connection): connection.end(.closedByUs)
    case .waiting(let timer): timer.cancel()
    case .idle, .connecting, .closed: break
    }
  }

  private func connect() {
    // NIO runs a timer that was cancelled in the turn in which it was due.
    if case .closed = phase { return }
    phase = .connecting
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(configuration.replyTimeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    let connected =
      switch configuration.address.endpoint {
      case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
      case .unix(let path):
        ClientBootstrap(group: eventLoop).connectTimeout(configuration.replyTimeout)
          .connect(unixDomainSocketPath: path)
      }
    connected.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel): self.secure(channel)
      case .failure(let error): self.retryLater(ConnectFailure.words(for: error))
      }
    }
  }

  private func secure(_ channel: any Channel) {
    guard let tls = configuration.address.tls, case .tcp(let host, _) = configuration.address.endpoint else {
      return shakeHands(on: channel)
    }
    tls.shakeHands(on: channel, host: host, timeout: configuration.replyTimeout).assumeIsolated().whenComplete {
      switch $0 {
      case .success: self.shakeHands(on: channel)
      case .failure(let error): self.retryLater(ConnectFailure.words(for: error))
      }
    }
  }

  private func shakeHands(on channel: any Channel) {
    guard case .connecting = phase else { return channel.close(promise: nil) }
    let handshake = Handshake(
      address: configuration.address, connectionName: configuration.connectionName, scripts: configuration.scripts,
      acceptsReplica: configuration.acceptsReplica)
    do {
      let connection = RedisConnection(
        decoder: try ReplyDecoder(limits: .init(bytes: configuration.maximumReplyBytes)),
        onReply: { self.received($0) }, onEnd: { self.ended($0) })
      try channel.pipeline.syncOperations.addHandler(connection)
      let timeout = eventLoop.assumeIsolated().scheduleTask(in: configuration.replyTimeout) {
        if case .shakingHands = self.phase { connection.end(.stalled) }
      }
      phase = .shakingHands(connection, handshake, timeout: timeout)
      var bytes = ByteBuffer()
      for command in handshake.commands { bytes.writeBytes(command.encoded) }
      connection.write(bytes)
    } catch {
      channel.close(promise: nil)
      retryLater("\(error)")
    }
  }

  private func received(_ reply: RedisReply) {
    guard case .shakingHands(let connection, var handshake, let timeout) = phase else { return onReply(reply) }
    do throws(Handshake.Failure) {
      let complete = try handshake.receive(reply)
      phase = .shakingHands(connection, handshake, timeout: timeout)
      guard complete else { return }
    } catch {
      return connection.end(.handshake(error))
    }
    timeout.cancel()
    phase = .ready(connection)
    readySince = .now()
    lastOutage = lostAt.map { readySince - $0 } ?? .zero
    if !lastEnd.isEmpty { logger.notice("connected to Redis again", metadata: metadata) }
    lastEnd = ""
    onReady()
  }

  private func ended(_ reason: RedisConnection.End) {
    let last = phase
    if case .closed = last { return onEnd(reason) }
    if case .shakingHands(_, _, let timeout) = last { timeout.cancel() }
    if case .ready = last { lostAt = .now() }
    if case .ready = last, readySince + Self.provenAfter <= .now() { backoff.reset() }
    retryLater("\(reason)")
    if case .ready = last { onEnd(reason) }
  }

  /// Says each reason once, not once for every try.
  private func retryLater(_ reason: String) {
    if case .closed = phase { return }
    if reason != lastEnd { logger.warning("no connection to Redis: \(reason)", metadata: metadata) }
    lastEnd = reason
    phase = .waiting(
      eventLoop.assumeIsolated().scheduleTask(in: backoff.next()) { self.connect() })
  }

  private var metadata: Logger.Metadata {
    ["redis": "\(configuration.address)", "connection": "\(configuration.connectionName)"]
  }
}
