// The options of a node, and what they come to with the variables and the file.
// Never lets a setting through that the node could not keep.
// Main thread.

import ArgumentParser
import ChatProtocol
import ChatServer
import Foundation
import Logging
import NIOCore
import RedisClient
import TLS

/// What `kabar serve` takes, and `kabar config` shows.
struct ServeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A YAML file with settings by the names of these options (`port: 8889`). An option is stronger than a variable, a variable "
        + "than the file. (KABAR_CONFIG; default: none)", valueName: "file"))
  var config: String?

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

  @OptionGroup(title: "The page") var web: WebOptions

  @OptionGroup(title: "Telemetry") var telemetry: TelemetryOptions

  @Option(
    help: ArgumentHelp(
      "trace, debug, info, notice, warning, error or critical. SIGUSR1 makes a node say more, step by step. (KABAR_LOG_LEVEL; "
        + "default notice)", valueName: "level"))
  var logLevel: Logger.Level?

  @Option(
    help: ArgumentHelp(
      "text (logfmt) or json, a line for each event, on standard error. (KABAR_LOG_FORMAT; default text)"))
  var logFormat: LogFormat?

  /// Everything that was asked for, read and checked.
  struct Resolved {
    var node: ServerConfiguration
    let logLevel: Logger.Level
    let logFormat: LogFormat
    /// Nothing is asked of clients.
    let limitsAreOff: Bool
    /// The file with the password for Redis.
    let redisPasswordFile: String?
    /// Every setting, and where it comes from.
    let effective: [Settings.Effective]
    /// What is to be said of variables that are no settings.
    let warnings: [String]

    /// The file of settings, if a password for Redis stands in it.
    var fileWithPassword: String? {
      let source = effective.first { $0.name == "redis" }?.source
      guard redisPasswordFile == nil, node.redis.password?.isEmpty == false, case .file(let path, _)? = source else {
        return nil
      }
      return path
    }
  }

  /// From options, variables, file and defaults.
  func resolved() throws -> Resolved {
    let environment = ProcessInfo.processInfo.environment
    let path = config ?? environment[Settings.variable("config")].flatMap { $0.isEmpty ? nil : $0 }
    let catalogue = SettingsCatalogue()
    let names = catalogue.names.filter { $0 != "config" }
    let settings = Settings(environment: environment, file: try path.map { try ConfigFile($0, known: names) })
    return try Settings.$current.withValue(settings) {
      _ = try Settings.optional(config, "config")
      let node = try resolvedNode()
      return Resolved(
        node: node, logLevel: try Settings.value(logLevel, "log-level", default: .notice),
        logFormat: try Settings.value(logFormat, "log-format", default: .text), limitsAreOff: try limits.areOff,
        redisPasswordFile: try redis.login.passwordFile, effective: settings.effective,
        warnings: catalogue.warnings(of: environment))
    }
  }

  private func resolvedNode() throws -> ServerConfiguration {
    let port = try Settings.value(port, "port", default: ProtocolLimits.defaultPort)
    let threads = try Settings.value(threads, "threads", default: System.coreCount)
    let name = try Settings.value(node, "node", default: Self.defaultName())
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
    try web.apply(to: &settings)
    settings.host = try Settings.value(host, "host", default: settings.host)
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
