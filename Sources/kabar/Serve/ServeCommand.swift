// `kabar serve`: one node process.
// Never serves anything itself: it reads the settings and hands them to ChatServer.
// Main thread, then an async task.

import ArgumentParser
import ChatProtocol
import ChatServer
import ChatState
import Foundation
import Logging
import NIOCore
import RedisClient
import ServiceLifecycle
import Supervisor
import TLS
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run one node. Several nodes share the port; all state is in Redis.",
    discussion: """
      Each option can also be set by the environment variable named with it; the option wins.
      SIGTERM makes the node drain: it takes no new connections, tells its clients to go to another node, and ends when they
      are gone or --drain-time is over. SIGINT, or another SIGTERM, ends it at once. Both in order: what it has been asked is
      answered. SIGHUP makes it read the certificate and the key for TLS again; open connections go on.
      """)

  @Option(help: "Address to listen on. (KABAR_HOST; default 127.0.0.1)")
  var host: String?

  @Option(help: "Port to share with all other nodes. (KABAR_PORT; default \(ProtocolLimits.defaultPort))")
  var port: Int?

  @Option(help: "Event loops, each with its own listener and Redis connection. (KABAR_THREADS; default: one per core)")
  var threads: Int?

  @Option(help: "Name of this node in Redis and in logs. (KABAR_NODE; default: host name and a random part)")
  var node: String?

  @OptionGroup var redis: RedisOption

  @OptionGroup(title: "TLS") var tls: TLSOptions

  @OptionGroup(title: "Bounds") var bounds: BoundsOptions

  @OptionGroup(title: "Logins") var logins: LoginOptions

  @OptionGroup(title: "Limits of clients") var limits: LimitsOptions

  @OptionGroup(title: "Telemetry") var telemetry: TelemetryOptions

  @Option(help: "trace, debug, info, notice, warning, error or critical. (KABAR_LOG_LEVEL; default notice)")
  var logLevel: Logger.Level?

  // `kabar up` says for all its nodes what is to be said of the machine.
  @Flag(help: .hidden)
  var supervised = false

  func run() async throws {
    var settings = try resolved()
    let level = try Environment.value(logLevel, "KABAR_LOG_LEVEL", default: .notice)
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    var logger = Logger(label: "kabar")
    logger.logLevel = level
    logger[metadataKey: "node"] = "\(settings.name)"
    keepWithinDescriptors(&settings, logger)
    if try limits.areOff {
      logger.warning("limits are off: any client can take all of this node; this is for load tests")
    }
    try warnOfReadableSecrets(settings, logger)
    if !supervised, ConnectionMigration.isOn == false { logger.warning("\(ConnectionMigration.advice)") }
    let parts: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: Node(settings, logger: logger), successTerminationBehavior: .gracefullyShutdownGroup),
      .init(service: await CertificateRenewal(settings.tls?.identity, logger: logger)),
    ]
    let services = ServiceGroup(
      configuration: .init(services: parts, logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }))
    do {
      try await ShutdownSignals().run(services)
    } catch let error as Node.CannotListen {
      throw Failure("\(error)")
    }
  }

  private func warnOfReadableSecrets(_ settings: ServerConfiguration, _ logger: Logger) throws {
    if let identity = settings.tls?.identity { CertificateRenewal.warn(of: identity, logger) }
    if settings.redis.tls?.isKeyReadableByOthers == true {
      logger.warning("every user of this machine can read the key of the client certificate for Redis")
    }
    if let file = try redis.login.passwordFile, FilePermissions.isReadableByOthers(file) {
      logger.warning("every user of this machine can read the password for Redis", metadata: ["file": "\(file)"])
    }
  }

  /// A connection more than there are descriptors would leave none for Redis.
  private func keepWithinDescriptors(_ settings: inout ServerConfiguration, _ logger: Logger) {
    let descriptors = DescriptorLimit.raise()
    let room = max(descriptors - Self.ownDescriptors - 8 * settings.threads, 1)
    guard settings.clientLimits.connections > room else { return }
    settings.clientLimits.connections = room
    logger.warning(
      "the limit of open files (ulimit -n) bounds the connections",
      metadata: ["descriptors": "\(descriptors)", "connections": "\(room)"])
  }

  /// What the process opens beside its event loops and clients.
  private static let ownDescriptors = 64

  private func resolved() throws -> ServerConfiguration {
    let port = try Environment.value(port, "KABAR_PORT", default: ProtocolLimits.defaultPort)
    let threads = try Environment.value(threads, "KABAR_THREADS", default: System.coreCount)
    let name = try Environment.value(node, "KABAR_NODE", default: Self.defaultName())
    guard (1...65535).contains(port) else { throw ValidationError("--port is a number from 1 to 65535") }
    guard (1...256).contains(threads) else { throw ValidationError("--threads is a number from 1 to 256") }
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameCharacter) else {
      throw ValidationError("--node has 1 to 64 letters, digits, '.', '_' or '-'")
    }
    var settings = ServerConfiguration(port: port, threads: threads, redis: try redis.resolved(), name: name)
    if let tls = try tls.resolved(plainPort: port) {
      settings.tls = (tls.port, try tls.identity())
      settings.acceptsPlaintext = tls.acceptsPlaintext
    }
    try bounds.apply(to: &settings)
    try logins.apply(to: &settings)
    try limits.apply(to: &settings)
    try telemetry.apply(to: &settings)
    settings.host = try Environment.value(host, "KABAR_HOST", default: settings.host)
    return settings
  }

  /// Containers that share a network name space share their host name too, hence the random part.
  private static func defaultName() -> String {
    let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }.utf8.filter(isNameCharacter).prefix(48)
    let random = String(UInt16.random(in: 0x1000 ... .max), radix: 16)
    return (String(decoding: host, as: UTF8.self)) + "-" + random
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
