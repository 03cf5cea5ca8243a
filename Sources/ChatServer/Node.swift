// One node process: its event loops, its listeners, its membership, from start to end.
// Never knows a command or a key.
// Starts and stops in an async task; everything that serves clients is on the event loops.

import ChatProtocol
import ChatState
import Glibc
import Logging
import NIOCore
import NIOPosix
import RedisClient
import ServiceLifecycle
import TLS
import WebPages

/// A front-end server of the cluster.
package struct Node: Service {
  /// The version that this node tells its peers and operators.
  package static let version = "0.1.0"
  /// When this process became a node: first asked for while it begins.
  static let started = WallClock.now()

  /// Why a node can't run, in one line.
  package struct CannotStart: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// `option`: what names the port, where somebody may not know that there is one.
    fileprivate init(listening host: String, _ port: Int, _ error: any Error, option: String? = nil) {
      let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
      let advice = option.map { ": choose another with \($0)" } ?? ""
      description = "cannot listen on \(host) port \(port): \(reason)\(advice)"
    }
  }

  let configuration: ServerConfiguration
  let logger: Logger
  /// What browsers get, if there is a port for them.
  private let site: WebSite?

  package init(_ configuration: ServerConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    site = configuration.web.map { WebSite(WebPage.chat, origins: $0.origins) }
  }

  /// Serves until the process is told to stop, then sends its clients elsewhere and ends in order. A task that is cancelled does
  /// not wait for the clients. Throws when it can't listen.
  package func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads)
    let passwords = PasswordChecks(threads: configuration.hashesAtOnce, waiting: configuration.waitingPasswordChecks)
    let loops = Array(group.makeIterator())
    let watchdog = Watchdog(loops, patience: configuration.hangTimeout, logger: logger)
    let outcome: Result<Void, any Error>
    do {
      try await serve(try await assemble(loops, passwords), loops)
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await passwords.stop()
    await watchdog.stop()
    try await group.shutdownGracefully()
    try outcome.get()
  }

  // MARK: Parts

  /// What lives on the event loops, reachable from here.
  struct Parts: Sendable {
    var workers: [NIOLoopBound<Worker>] = []
    let membership: NIOLoopBound<Membership>
    let first: any EventLoop
    let passwords: PasswordChecks
    let presence: SharedPresence
    let feedLoops = FeedLoops()
    let cluster: NIOLoopBound<ClusterReport>?

    var status: NodeStatus {
      NodeStatus(
        workers: workers, membership: membership, passwords: passwords, presence: presence, cluster: cluster)
    }
  }

  /// Each loop gets a worker with its own client of Redis. The first loop also carries the membership, which shares that
  /// client, and the subscriber.
  private func assemble(_ loops: [any EventLoop], _ passwords: PasswordChecks) async throws -> Parts {
    let first = loops[0]
    let firstClient = try await first.submit { NIOLoopBound(client(of: 0, on: first), eventLoop: first) }.get()
    let admission = Admission(configuration.clientLimits)
    let commandRates = CommandRates()
    let presence = SharedPresence(own: NodeID(newIncarnationOf: configuration.name))
    let membership = try await first.submit {
      NIOLoopBound(
        Membership(
          configuration, description: description, presence: presence, redis: firstClient.value, logger: logger),
        eventLoop: first)
    }.get()
    let handle = MembershipHandle(membership)
    let cluster = try await first.submit {
      configuration.clusterReport.map { NIOLoopBound(ClusterReport(firstClient.value, $0), eventLoop: first) }
    }.get()
    var parts = Parts(
      membership: membership, first: first, passwords: passwords, presence: presence, cluster: cluster)
    let feedLoops = parts.feedLoops
    for (index, loop) in loops.enumerated() {
      parts.workers.append(
        try await loop.submit {
          let redis = index == 0 ? firstClient.value : client(of: index, on: loop)
          redis.start()
          let worker = Worker(
            configuration, index: index, redis: redis, membership: handle, presence: presence,
            feedLoops: feedLoops, passwords: passwords, admission: admission, commandRates: commandRates, logger: logger
          )
          return NIOLoopBound(worker, eventLoop: loop)
        }.get())
    }
    let (siblings, status) = (parts.workers, parts.status)
    try await first.submit { membership.value.counters = { status.counters() } }.get()
    for worker in siblings { try await worker.loop.submit { worker.value.siblings = siblings }.get() }
    return parts
  }

  private func client(of index: Int, on loop: any EventLoop) -> RedisClient {
    RedisClient(redisConfiguration("\(index)"), eventLoop: loop, logger: logger)
  }

  func redisConfiguration(_ part: String) -> RedisConfiguration {
    var redis = RedisConfiguration(
      address: configuration.redis, connectionName: "kabar-\(configuration.name)-\(part)")
    redis.scripts = Scripts.all
    redis.requestTimeout = configuration.requestTimeout
    redis.minimumReplicas = configuration.minimumReplicas
    return redis
  }

  private var description: [(String, String)] {
    [
      ("name", configuration.name), ("host", configuration.host), ("port", "\(places[0].port)"),
      ("pid", "\(getpid())"), ("version", Self.version), ("started", Self.started.description),
    ]
  }

  /// A port to listen on.
  private struct Place {
    let door: Door
    let port: Int
    let tls: ServerTLS?

    /// The option that names the port, without dashes.
    var name: String { if case .web = door { "web-port" } else { tls == nil ? "port" : "tls-port" } }
  }

  /// The ports to listen on, at least one; the first is the one that operators are told.
  private var places: [Place] {
    var places: [Place] = []
    if configuration.acceptsPlaintext { places.append(Place(door: .lines, port: configuration.port, tls: nil)) }
    if let tls = configuration.tls { places.append(Place(door: .lines, port: tls.port, tls: tls.identity)) }
    if let web = configuration.web, let site {
      places.append(Place(door: .web(site), port: web.port, tls: configuration.tls?.identity))
    }
    return places
  }

  // MARK: Life

  private func serve(_ parts: Parts, _ loops: [any EventLoop]) async throws {
    let subscriber = try await subscribe(parts)
    let http = try await openHTTP(parts, subscriber)
    defer { http?.close(promise: nil) }
    guard await join(parts) else { return await stop(parts, [], subscriber) }
    var listeners: [any Channel] = []
    for place in places {
      do {
        for (worker, loop) in zip(parts.workers, loops) {
          listeners.append(
            try await Listener.open(
              place.door, worker, on: loop, host: configuration.host, port: place.port,
              outboxBytes: configuration.outboxBytes, tls: place.tls))
        }
      } catch {
        await stop(parts, listeners, subscriber)
        throw CannotStart(listening: configuration.host, place.port, error, option: "--" + place.name)
      }
    }
    announceReady(threads: loops.count, http: http?.localAddress?.port)
    await adviseOnRedis(parts)
    try? await gracefulShutdown()
    ServiceManager.notify("STOPPING=1")
    await drain(parts, listeners)
    logger.notice("stopping")
    await stop(parts, [], subscriber)
  }

  /// Before all others, so that it can say what the node waits for; closed after them.
  private func openHTTP(_ parts: Parts, _ subscriber: NIOLoopBound<RedisSubscriber>) async throws -> (any Channel)? {
    guard let (host, ports) = configuration.http else { return nil }
    let own = Set(places.map(\.port))
    for port in ports where !own.contains(port) {
      do {
        let channel = try await HTTPListener.open(
          parts.status, host: host, port: port, isReserved: configuration.isSupervised)
        if let file = configuration.httpPortFile { try PortFile.write(port, to: file) }
        try await tell(parts, of: "\(host.contains(":") ? "[\(host)]" : host):\(port)")
        return channel
      } catch let error as CannotStart {
        await stop(parts, [], subscriber)
        throw error
      } catch {
        if port < ports.upperBound, (error as? IOError)?.errnoCode == EADDRINUSE { continue }
        await stop(parts, [], subscriber)
        throw CannotStart(listening: host, port, error, option: "--http-port")
      }
    }
    return nil
  }

  /// Where operators can ask: in Redis as soon as the node joins, and in the log at once, for a node may wait long for Redis. Those of
  /// `kabar up` stand in its table.
  private func tell(_ parts: Parts, of http: String) async throws {
    try await parts.first.submit { parts.membership.value.description.append(("http", http)) }.get()
    if !configuration.isSupervised { logger.notice("answering operators", metadata: ["http": "\(http)"]) }
  }

  private func announceReady(threads: Int, http: Int?) {
    var metadata: Logger.Metadata = [
      "host": "\(configuration.host)", "threads": "\(threads)", "redis": "\(configuration.redis)",
    ]
    if let host = configuration.http?.host, let http { metadata["http"] = "\(host):\(http)" }
    for place in places { metadata[place.name] = "\(place.port)" }
    logger.notice("ready", metadata: metadata)
    ServiceManager.notify("READY=1")
    if !configuration.isSupervised, ConnectionMigration.isOn != true {
      logger.warning("\(ConnectionMigration.advice)")
    }
  }

  /// Once, at the start: what Redis would lose. Where a node may not ask it says nothing.
  private func adviseOnRedis(_ parts: Parts) async {
    guard let ask = configuration.redisAdvice,
      let redis = try? await parts.first.submit({ RedisHandle(parts.workers[0].value.redis) }).get()
    else { return }
    for advice in (try? await ask(redis)) ?? [] { logger.warning("\(advice)") }
  }

  /// Waits until Redis knows this node; `false` if the process was told to stop before.
  private func join(_ parts: Parts) async -> Bool {
    let joined = parts.first.flatSubmit { parts.membership.value.join() }
    return await withTaskCancellationOrGracefulShutdownHandler {
      (try? await joined.get()) != nil
    } onCancelOrGracefulShutdown: {
      parts.first.execute { parts.membership.value.abandonJoin() }
    }
  }
}

extension NIOLoopBound<Worker> {
  fileprivate var loop: any EventLoop { eventLoop }
}
