// SIGHUP: the TLS certificate and key are read again.
// Never ends a connection or the node, never leaves it without a certificate: files that can't be used change nothing.
// An async task beside the node.

import Logging
import ServiceLifecycle
import TLS
import UnixSignals

/// Renews the certificate of a node whenever an operator asks for it.
struct CertificateRenewal: Service {
  private let identity: ServerTLS?
  private let logger: Logger
  private let signals: UnixSignalsSequence

  /// From here on SIGHUP does not end the process. `identity`: `nil` without TLS; an operator may ask all the same.
  init(_ identity: ServerTLS?, logger: Logger) async {
    (self.identity, self.logger) = (identity, logger)
    signals = await UnixSignalsSequence(trapping: .sighup)
  }

  func run() async throws {
    for await _ in signals.cancelOnGracefulShutdown() { renew() }
  }

  private func renew() {
    guard let identity else { return logger.notice("there is no TLS certificate to read again") }
    do throws(TLSFailure) {
      try identity.reload()
      logger.notice("read the TLS certificate again", metadata: ["certificate": "\(identity.certificate)"])
    } catch {
      logger.error("kept the old TLS certificate: \(error)")
    }
    Self.warn(of: identity, logger)
  }

  /// A key is a secret.
  static func warn(of identity: ServerTLS, _ logger: Logger) {
    guard identity.isKeyReadableByOthers else { return }
    logger.warning("every user of this machine can read the TLS key", metadata: ["key": "\(identity.key)"])
  }
}
