// A Lua script and the digest by which Redis calls it.
// Never holds state: scripts are loaded by each connection's handshake and again when Redis forgot them.
// Pure value; any thread.

import Crypto

/// A script that runs inside Redis, atomically.
package struct RedisScript: Sendable {
  /// The Lua text.
  package let source: String
  /// SHA-1 of the text in hexadecimal, as `EVALSHA` wants it (an address, no security).
  package let digest: String

  /// A script from the bytes of its file.
  package init(_ source: [UInt8]) {
    self.source = String(decoding: source, as: UTF8.self)
    digest = Insecure.SHA1.hash(data: source).map { byte in
      let hex = String(byte, radix: 16)
      return hex.count == 2 ? hex : "0" + hex
    }.joined()
  }
}
