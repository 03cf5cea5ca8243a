// The public name of a session: the digest of its token.
// Never leads back to the token, so it may stand in Redis, in a message between nodes, in a log line.
// Pure value; any thread.

import ChatProtocol
import Crypto

/// SHA-256 of a token's text, in hexadecimal (64 characters).
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// The id of the session that a token stands for.
  package init(of token: SessionToken) {
    description = ASCII.hex(Array(SHA256.hash(data: Array(token.text.utf8))))
  }

  /// An id read from Redis; `nil` if it does not look like one.
  package init?(_ text: String) {
    guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else { return nil }
    description = text
  }

  /// Its name for people, in logs and in `kabar session`: nobody can log in with it.
  package var short: String { String(description.prefix(8)) }
}

extension SessionToken {
  /// A new token from the system's secure random numbers.
  package static func random() -> SessionToken {
    var generator = SystemRandomNumberGenerator()
    while true {
      let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      if let token = SessionToken(random: bytes) { return token }
    }
  }
}
