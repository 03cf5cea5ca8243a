// The options about TLS for clients, of `kabar serve` and `kabar up`.
// Never lets a half of them through: a port without a certificate, a certificate without its key.
// Main thread.

import ArgumentParser
import TLS

/// Where to serve TLS, and as whom.
struct TLSOptions: ParsableArguments {
  @Option(help: "Port for TLS, shared by all nodes, beside the plain one. (KABAR_TLS_PORT; default: none)")
  var tlsPort: Int?

  @Option(
    help: ArgumentHelp(
      "The certificate for it, then those between it and its CA (PEM). (KABAR_TLS_CERT)", valueName: "file"))
  var tlsCert: String?

  @Option(
    help: ArgumentHelp(
      "The key of the certificate (PEM). SIGHUP makes a node read both files again. (KABAR_TLS_KEY)",
      valueName: "file"))
  var tlsKey: String?

  @Flag(help: "Serve TLS only: the plain port is not opened. (KABAR_NO_PLAINTEXT; default false)")
  var noPlaintext = false

  /// All of it, checked.
  struct Resolved {
    let port: Int
    let certificate: String
    let key: String
    let acceptsPlaintext: Bool
  }

  /// From the options and the environment; `nil` without TLS. `plainPort` is the one that must differ.
  func resolved(plainPort: Int) throws -> Resolved? {
    let port = try Settings.optional(tlsPort, "tls-port")
    let certificate = try Settings.optional(tlsCert, "tls-cert")
    let key = try Settings.optional(tlsKey, "tls-key")
    let wantsNoPlaintext = try Settings.flag(noPlaintext, "no-plaintext")
    guard let port else {
      if wantsNoPlaintext { throw Failure("--no-plaintext leaves nothing to listen on without --tls-port") }
      if certificate != nil || key != nil { throw Failure("--tls-cert and --tls-key need --tls-port") }
      return nil
    }
    guard (1...65535).contains(port) else { throw Failure("--tls-port is a number from 1 to 65535") }
    guard let certificate, let key else {
      let missing = [(certificate, "--tls-cert"), (key, "--tls-key")].filter { $0.0 == nil }.map(\.1)
      throw Failure("--tls-port needs \(missing.joined(separator: " and ")), too")
    }
    if port == plainPort, !wantsNoPlaintext { throw Failure("--tls-port and --port can't be the same") }
    return Resolved(port: port, certificate: certificate, key: key, acceptsPlaintext: !wantsNoPlaintext)
  }
}

extension TLSOptions.Resolved {
  /// Reads the files. What is wrong with them is one line.
  func identity() throws -> ServerTLS {
    do throws(TLSFailure) {
      return try ServerTLS(certificate: certificate, key: key)
    } catch {
      throw Failure("\(error)")
    }
  }
}
