// How this process makes sure whom it talks to, on connections that it makes itself.
// Never goes on with a peer that it could not verify: there is no setting for that.
// A value; files are read when a connection is made, so that renewed ones are found.

import Glibc
import NIOCore
import NIOSSL

/// TLS 1.2 and up with the peer's certificate and name verified, and perhaps a certificate of our own.
package struct ClientTLS: Equatable, Sendable {
  /// A file of CA certificates (PEM) to trust instead of the system's.
  package var trusted: String?
  /// Files with our own certificate and its key; both or none.
  package var certificate: String?
  package var key: String?

  /// Nothing is read yet.
  package init(trusted: String? = nil, certificate: String? = nil, key: String? = nil) {
    (self.trusted, self.certificate, self.key) = (trusted, certificate, key)
  }

  /// Throws if a file can't be used, so that an operator hears of it at once.
  package func check() throws(TLSFailure) { _ = try context() }

  /// Whether every user of this machine may read our key.
  package var isKeyReadableByOthers: Bool { key.map { FilePermissions.isReadableByOthers($0) } ?? false }

  /// Shakes hands on a connected channel, on its event loop. The future fails with a `TLSFailure`, and the channel is
  /// closed then. `host` is the name or address that the peer's certificate must be for.
  package func shakeHands(
    on channel: any Channel, host: String, timeout: TimeAmount
  ) -> EventLoopFuture<Void> {
    let done = channel.eventLoop.makePromise(of: Void.self)
    do {
      let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
      // Without a name the certificate must be for the address that we are connected to.
      let tls = try NIOSSLClientHandler(context: try context(), serverHostname: isAddress ? nil : host)
      let handshake = TLSHandshake(host: host, timeout: timeout, done: done)
      try channel.pipeline.syncOperations.addHandlers([tls, handshake], position: .first)
    } catch {
      done.fail(TLSFailure(error, host: host, now: time(nil)) ?? TLSFailure("TLS can't be used: \(error)"))
      channel.close(promise: nil)
    }
    return done.futureResult
  }

  private func context() throws(TLSFailure) -> NIOSSLContext {
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = .tlsv12
    settings.shutdownTimeout = .seconds(1)
    if let trusted { settings.trustRoots = .certificates(try PEMFile.certificates(trusted)) }
    guard (certificate == nil) == (key == nil) else {
      throw TLSFailure("a client certificate and its key are given together or not at all")
    }
    if let certificate, let key {
      settings.certificateChain = try PEMFile.certificates(certificate).map { .certificate($0) }
      settings.privateKey = .privateKey(try PEMFile.privateKey(key))
    }
    do {
      return try NIOSSLContext(configuration: settings)
    } catch {
      guard let certificate, let key else { throw TLSFailure("the trusted CAs of this system can't be read") }
      throw TLSFailure("the key in \(key) does not belong to the certificate in \(certificate)")
    }
  }
}
