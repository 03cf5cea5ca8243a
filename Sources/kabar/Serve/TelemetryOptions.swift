// Where a node tells operators how it is, as options and environment variables of `kabar serve`.
// Never listens unless asked to, and beyond the loopback only when told the address.
// Main thread.

import ArgumentParser
import ChatServer

struct TelemetryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Port for /livez, /readyz and /metrics (Prometheus) by HTTP, of this node alone. 0: none. (KABAR_HTTP_PORT; default 0)",
      valueName: "port"))
  var httpPort: Int?

  @Option(
    help: ArgumentHelp(
      "Address for them; it asks nobody for a password. (KABAR_HTTP_HOST; default 127.0.0.1)", valueName: "address"))
  var httpHost: String?

  /// Puts them into the settings of a node.
  func apply(to settings: inout ServerConfiguration) throws {
    let port = try Environment.number(httpPort, "http-port", 0, 0...65535)
    let host = try Environment.value(httpHost, "KABAR_HTTP_HOST", default: "127.0.0.1")
    settings.http = port == 0 ? nil : (host, port)
  }
}
