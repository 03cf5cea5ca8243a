// Where a node serves browsers, as options and environment variables of `kabar serve`.
// Never lets pages of strangers connect unless the operator names them.
// Main thread.

import ArgumentParser
import ChatServer

struct WebOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Port for the page and its WebSocket (/ws), to share with all other nodes; by TLS if there is a certificate. 0: none. "
        + "(KABAR_WEB_PORT; default \(ServerConfiguration.usualWebPort))", valueName: "port"))
  var webPort: Int?

  @Option(
    help: ArgumentHelp(
      "Web pages that may connect beside our own: origins like https://chat.example, with commas between them. "
        + "(KABAR_ALLOWED_ORIGINS; default: none)", valueName: "origins"))
  var allowedOrigins: String?

  /// Puts them into the settings of a node, whose other ports stand there already.
  func apply(to settings: inout ServerConfiguration) throws {
    let port = try Settings.value(webPort, "web-port", default: ServerConfiguration.usualWebPort)
    guard (0...65535).contains(port) else { throw ValidationError("--web-port is a number from 0 to 65535") }
    let origins = try Settings.value(allowedOrigins, "allowed-origins", default: "")
      .split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init)
    for origin in origins where !OriginPolicy.isOrigin(origin) {
      throw ValidationError("--allowed-origins: '\(origin)' is no origin like https://chat.example")
    }
    guard port != 0 else { return }
    guard !settings.isLinePort(port) else {
      throw ValidationError("--web-port must be another port than those of the line protocol")
    }
    guard settings.http?.ports != port...port else { throw ValidationError("--web-port and --http-port are one port") }
    settings.web = (port, OriginPolicy(allowing: origins))
  }
}
