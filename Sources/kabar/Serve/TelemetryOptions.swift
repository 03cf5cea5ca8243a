// Where a node tells operators how it is, as options and environment variables of `kabar serve`.
// Never listens beyond the loopback unless told the address.
// Main thread.

import ArgumentParser
import ChatServer

struct TelemetryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Port for /livez, /readyz and /metrics (Prometheus) by HTTP, of this node alone. 0: none. (KABAR_HTTP_PORT; default: the first "
        + "that is free from 8900 on, which the log names)",
      valueName: "port"))
  var httpPort: Int?

  @Option(
    help: ArgumentHelp(
      "Address for them; it asks nobody for a password. (KABAR_HTTP_HOST; default 127.0.0.1)", valueName: "address"))
  var httpHost: String?

  @Option(
    help: ArgumentHelp(
      "A file to write that port into, so that a probe in the same container finds it. (KABAR_HTTP_PORT_FILE; default: none)",
      valueName: "file"))
  var httpPortFile: String?

  /// Puts them into the settings of a node, whose ports of the line protocol stand there already.
  func apply(to settings: inout ServerConfiguration) throws {
    let port: Int? = try Settings.optional(httpPort, "http-port")
    guard (0...65535).contains(port ?? 0) else { throw ValidationError("--http-port is a number from 0 to 65535") }
    guard port.map(settings.isLinePort) != true else {
      throw ValidationError("--http-port must be another port than those of the line protocol")
    }
    let host = try Settings.value(httpHost, "http-host", default: "127.0.0.1")
    let ports = port.map { $0...$0 } ?? ServerConfiguration.usualHTTPPorts
    settings.httpPortFile = try Settings.optional(httpPortFile, "http-port-file")
    guard port != 0 || settings.httpPortFile == nil else {
      throw ValidationError("--http-port-file names a file for a port, and --http-port 0 says that there is none")
    }
    settings.http = port == 0 ? nil : (host, ports)
  }
}
