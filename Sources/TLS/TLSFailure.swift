// Why TLS does not work, in one line of plain words.
// Never shows a library's own description, a file's content or a secret.
// Pure value; any thread.

import NIOCore
import NIOSSL

/// What an operator or a user reads.
package struct TLSFailure: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// Words for an error of the TLS layer; `nil` if it is another one's. `host` is whom we wanted to reach and
  /// `certificate` what the peer showed, as far as these are known.
  package init?(_ error: any Error, host: String? = nil, certificate: NIOSSLCertificate? = nil, now: Int) {
    switch error {
    case let failure as TLSFailure: self = failure
    case let name as NIOSSLExtraError
    where name == .failedToValidateHostname || name == .serverHostnameImpossibleToMatch:
      self.init("the server's certificate is not for \(host ?? "this host")")
    case NIOSSLError.unableToValidateCertificate:
      self.init("the server's certificate is not for \(host ?? "this host")")
    case NIOSSLError.handshakeFailed(let inner): self.init(Self.words(inner, certificate, now))
    case let inner as BoringSSLError: self.init(Self.words(inner, certificate, now))
    case NIOSSLError.uncleanShutdown: self.init("the connection was cut")
    case is NIOSSLError, is NIOSSLExtraError: self.init("TLS failed (\(error))")
    default: return nil
    }
  }

  /// Whether the peer's TCP has ended without a word of its TLS: anybody on the way could have done that.
  package static func isCut(_ error: any Error) -> Bool { (error as? NIOSSLError) == .uncleanShutdown }

  private static func words(_ error: BoringSSLError, _ certificate: NIOSSLCertificate?, _ now: Int) -> String {
    // The library keeps the reasons to itself but for their names.
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      if let certificate, certificate.notValidAfter < now { return "the server's certificate has expired" }
      if let certificate, certificate.notValidBefore > now { return "the server's certificate is not valid yet" }
      return "no CA that is trusted here has signed the server's certificate"
    }
    let reasons = [
      ("CERTIFICATE_REQUIRED", "the server wants a client certificate"),
      ("WRONG_VERSION_NUMBER", "the other side does not speak TLS"),
      ("HTTP_REQUEST", "the other side does not speak TLS"),
      ("PROTOCOL_VERSION", "both sides have no version of TLS in common"),
      ("UNSUPPORTED_PROTOCOL", "both sides have no version of TLS in common"),
      ("ALERT_UNKNOWN_CA", "the other side does not trust the CA of our certificate"),
      ("ALERT_CERTIFICATE_EXPIRED", "our certificate has expired"),
      ("ALERT_BAD_CERTIFICATE", "the other side does not accept our certificate"),
      ("HANDSHAKE_FAILURE", "the other side refused the TLS handshake (perhaps it wants a client certificate)"),
      ("EOF during handshake", "the other side closed the connection during the TLS handshake"),
    ]
    return reasons.first { text.contains($0.0) }?.1 ?? "the TLS handshake failed"
  }
}
