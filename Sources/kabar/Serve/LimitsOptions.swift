// What one client may take of a node, as options and environment variables of `kabar serve`.
// Never lets a value through that the node could not keep.
// Main thread.

import ArgumentParser
import ChatServer
import NIOCore

struct LimitsOptions: ParsableArguments {
  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

  @Option(
    help: ArgumentHelp(
      "off: clients may take what they want (connections per address, time, commands, sessions, wrong passwords); for load "
        + "tests. (KABAR_LIMITS; default on)"))
  var limits: Switch?

  @Option(
    help: ArgumentHelp(
      "Connections that the node holds at once, 1 to 1000000; at most its descriptors. (KABAR_CONNECTIONS; default 10000)"
    ))
  var connections: Int?

  @Option(
    help: ArgumentHelp(
      "Connections from one address (IPv6: one /64) at once, 0 to 1000000; 0: any number. "
        + "(KABAR_CONNECTIONS_PER_ADDRESS; default 500)"))
  var connectionsPerAddress: Int?

  @Option(
    help: ArgumentHelp(
      "How long a TLS handshake or a PROXY header may take, and a login while the node is crowded, 0 to 3600; 0: for ever. "
        + "(KABAR_LOGIN_TIMEOUT; default 10)", valueName: "s"))
  var loginTimeout: Int?

  @Option(
    help: ArgumentHelp(
      "With more connections than these without a login the node is crowded, 0 to 1000000. (KABAR_CROWD; default 64)"))
  var crowd: Int?

  @Option(
    help: ArgumentHelp(
      "How long a connection may ask nothing, 0 to 86400; `ping` counts; 0: for ever. (KABAR_IDLE_TIMEOUT; default 600)",
      valueName: "s"))
  var idleTimeout: Int?

  @Option(
    help: ArgumentHelp(
      "How long a line may take from its first byte to its end, 0 to 3600; 0: for ever. (KABAR_LINE_TIMEOUT; default 30)",
      valueName: "s"))
  var lineTimeout: Int?

  @Option(
    help: ArgumentHelp(
      "Commands a second of one session in the long run, 0 to 1000000; 0: any number. (KABAR_COMMAND_RATE; default 50)")
  )
  var commandRate: Int?

  @Option(
    help: ArgumentHelp("Commands that a session may send at once, 1 to 1000000. (KABAR_COMMAND_BURST; default 200)"))
  var commandBurst: Int?

  @Option(
    help: ArgumentHelp(
      "Commands a second of all sessions of one user together, 0 to 1000000; 0: any number. Their burst is four times that of "
        + "one session. (KABAR_USER_COMMAND_RATE; default: four times --command-rate)"))
  var userCommandRate: Int?

  /// Puts them into the settings of a node.
  func apply(to settings: inout ServerConfiguration) throws {
    var limits = ClientLimits()
    limits.connections = try Settings.number(connections, "connections", limits.connections, 1...1_000_000)
    let perAddress = try Settings.number(connectionsPerAddress, "connections-per-address", 500, 0...1_000_000)
    limits.connectionsPerAddress = perAddress == 0 ? nil : perAddress
    limits.loginTime = try seconds(loginTimeout, "login-timeout", 10, 3600)
    limits.crowd = try Settings.number(crowd, "crowd", limits.crowd, 0...1_000_000)
    limits.idleTime = try seconds(idleTimeout, "idle-timeout", 600, 86_400)
    limits.lineTime = try seconds(lineTimeout, "line-timeout", 30, 3600)
    let rate = try Settings.number(commandRate, "command-rate", 50, 0...1_000_000)
    let burst = try Settings.number(commandBurst, "command-burst", 200, 1...1_000_000)
    limits.commandRate = rate == 0 ? nil : CommandRate(burst: burst, perSecond: rate)
    let userRate = try Settings.number(userCommandRate, "user-command-rate", min(4 * rate, 1_000_000), 0...1_000_000)
    limits.userCommandRate = userRate == 0 ? nil : CommandRate(burst: 4 * burst, perSecond: userRate)
    settings.clientLimits = limits
    if try areOff {
      settings.clientLimits.switchOff()
      settings.guessLimits = nil
      settings.sessionsPerUser = 0
    }
  }

  /// Whether nothing is asked of clients.
  var areOff: Bool { get throws { try Settings.value(limits, "limits", default: .on) == .off } }

  private func seconds(_ value: Int?, _ option: String, _ standard: Int, _ most: Int) throws -> TimeAmount? {
    let seconds = try Settings.number(value, option, standard, 0...most)
    return seconds == 0 ? nil : .seconds(Int64(seconds))
  }
}
