// Owns: what a program says about the TLS of its connections.
// Must never: offer to go on with a server that can't be verified.
// Runs on: a value; any thread.
import TLS

/// An encrypted connection to a server whose certificate is verified: signed by a trusted CA, for the host that is
/// connected to, and not expired. TLS 1.2 and up.
public struct ChatTLS: Sendable, Equatable {
  /// A file of CA certificates (PEM) that are trusted instead of the system's; nil trusts the system's.
  /// It is read for each connection.
  public var trustedCertificates: String?

  /// Trusts the CAs in a file, or those of the system.
  public init(trustedCertificates: String? = nil) { self.trustedCertificates = trustedCertificates }

  var verification: ClientTLS { ClientTLS(trusted: trustedCertificates) }
}
