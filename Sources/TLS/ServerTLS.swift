// The certificate and key with which this process serves, and their renewal while it runs.
// Never touches a connection that is open: it goes on with what it began with.
// Any thread.

import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// TLS 1.2 and up for accepted connections.
package final class ServerTLS: Sendable {
  /// The files, as they were named.
  package let certificate: String
  package let key: String
  private let context: Mutex<NIOSSLContext>

  /// How long a peer may take to answer our end of the TLS session before the connection is closed all the same.
  private static let shutdownTimeout = TimeAmount.seconds(1)

  /// Reads both files (PEM; the certificate first, then those between it and its CA).
  package init(certificate: String, key: String) throws(TLSFailure) {
    (self.certificate, self.key) = (certificate, key)
    context = Mutex(try Self.read(certificate, key))
  }

  /// Reads both files again, for connections from here on. Throws, and changes nothing, if they can't be used.
  package func reload() throws(TLSFailure) {
    let fresh = try Self.read(certificate, key)
    context.withLock { $0 = fresh }
  }

  /// Whether every user of this machine may read the key.
  package var isKeyReadableByOthers: Bool { FilePermissions.isReadableByOthers(key) }

  /// Puts TLS between a new connection and its handlers; called on its event loop before any other is added.
  package func protect(_ channel: any Channel) throws -> RecordMeter {
    let meter = RecordMeter()
    let context = context.withLock { $0 }
    try channel.pipeline.syncOperations.addHandlers([meter, NIOSSLServerHandler(context: context)])
    return meter
  }

  /// Ends the TLS session of a peer that has ended it, and leaves the connection open for what its TCP still says.
  /// Called on the connection's event loop.
  package static func sayGoodbye(on channel: any Channel) {
    try? channel.pipeline.syncOperations.handler(type: NIOSSLHandler.self).stopTLS(promise: nil)
  }

  /// Whether an event of a channel's pipeline says that the peer's handshake is done.
  package static func isHandshakeDone(_ event: Any) -> Bool {
    if case .handshakeCompleted? = event as? TLSUserEvent { true } else { false }
  }

  private static func read(_ certificate: String, _ key: String) throws(TLSFailure) -> NIOSSLContext {
    let chain = try PEMFile.certificates(certificate)
    let privateKey = try PEMFile.privateKey(key)
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    settings.minimumTLSVersion = .tlsv12
    settings.shutdownTimeout = shutdownTimeout
    // Of TLS 1.2 only what has forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
    settings.cipherSuiteValues = [
      .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    do {
      return try NIOSSLContext(configuration: settings)
    } catch {
      throw TLSFailure("the key in \(key) does not belong to the certificate in \(certificate)")
    }
  }
}
