// `kabar serve`: one node process.
// Never serves anything itself: it reads the settings and hands them to ChatServer.
// Main thread, then an async task.

import ArgumentParser
import ChatServer
import Logging
import RedisClient
import ServiceLifecycle
import Supervisor
import TLS

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run one node. Several nodes share the port; all state is in Redis.",
    discussion: """
      Each option can also be set by the environment variable named with it, or in the file that --config names; the option wins,
      then the variable. `kabar config --print` shows what comes of it.
      SIGTERM makes the node drain: it takes no new connections, tells its clients to go to another node, and ends when they
      are gone or --drain-time is over. SIGINT, or another SIGTERM, ends it at once. Both in order: what it has been asked is
      answered. SIGHUP makes it read the certificate and the key for TLS again; open connections go on. SIGUSR1 makes the log say more, step by step, and then what it did at first.
      """)

  @OptionGroup var options: ServeOptions

  @Flag(help: "Read all settings and the files that they name, say what is wrong with them, and end.")
  var checkConfig = false

  // `kabar up` says for all its nodes what is to be said of the machine.
  @Flag(help: .hidden)
  var supervised = false

  func run() async throws {
    var settings = try options.resolved()
    settings.node.isSupervised = supervised
    let judge = StatusJudge(redisCLI: settings.node.redis.inspectCommand)
    settings.node.clusterReport = { redis in
      let facts = try await StatusReader(redis: redis).facts()
      return try StatusCommand.json(facts, judge.warnings(facts))
    }
    settings.node.redisAdvice = { redis in
      let advice = judge.warnings(try await StatusReader(redis: redis).facts())
      return advice.filter { [.persistenceOff, .appendOnlyOff].contains($0.code) }.map(\.text)
    }
    let control = LogControl(level: settings.logLevel)
    let format = settings.logFormat
    LoggingSystem.bootstrap { _ in LineLogHandler(format, control) }
    var logger = Logger(label: "kabar")
    logger[metadataKey: "node"] = "\(settings.node.name)"
    keepWithinDescriptors(&settings.node, logger)
    warn(settings, logger)
    if checkConfig { return print("the settings of this node can be used") }
    // The last one is stopped first: while the node drains the log can still be made to say more.
    let parts: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: await LogLevelSignal(control, logger: logger)),
      .init(service: await CertificateRenewal(settings.node.tls?.identity, logger: logger)),
      .init(service: Node(settings.node, logger: logger), successTerminationBehavior: .gracefullyShutdownGroup),
    ]
    let services = ServiceGroup(
      configuration: .init(services: parts, logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }))
    do {
      try await ShutdownSignals().run(services)
    } catch let error as Node.CannotStart {
      // In the log, whatever its format: that is where an operator looks for the cause.
      logger.critical("\(error)")
      throw ExitCode.failure
    }
  }

  /// Says what an operator should know before it is too late.
  private func warn(_ settings: ServeOptions.Resolved, _ logger: Logger) {
    for warning in settings.warnings { logger.warning("\(warning)") }
    if settings.limitsAreOff {
      logger.warning("limits are off: any client can take all of this node; this is for load tests")
    }
    if let identity = settings.node.tls?.identity { CertificateRenewal.warn(of: identity, logger) }
    if settings.node.redis.tls?.isKeyReadableByOthers == true {
      logger.warning("every user of this machine can read the key of the client certificate for Redis")
    }
    if let file = settings.redisPasswordFile ?? settings.fileWithPassword, FilePermissions.isReadableByOthers(file) {
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
}
