// Passwords as they are stored: scrypt in PHC string form.
// Never keeps a password, never compares in a time that depends on the secret.
// Blocks for tens of milliseconds and takes 32 MiB: on a thread pool only, never on an event loop.

import Crypto
import CryptoExtras
import FoundationEssentials

/// A stored password: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, salt and hash in Base64 without padding
/// (the PHC string format, github.com/P-H-C/phc-string-format; scrypt is RFC 7914).
package struct PasswordHash: Sendable, CustomStringConvertible {
  /// The work that one hash costs.
  package struct Cost: Equatable, Sendable {
    /// Logarithm to base 2 of scrypt's N: 15 takes 32 MiB and some 50 ms.
    package var log2n: Int
    package var blockSize = 8
    package var parallelism = 1

    /// What new passwords get unless told otherwise.
    package static let standard = Cost(log2n: 15)

    /// `nil` outside the bounds: N from 2 to 2^20, r 1…32, p 1…16, all together no more work than `ln=20,r=8,p=1`, for
    /// which one login takes a gigabyte (`KDF.Scrypt` takes a bound on memory but ignores it), and within scrypt's own
    /// domain (RFC 7914, section 6: N < 2^(128 r / 8)).
    package init?(checking log2n: Int, blockSize: Int = 8, parallelism: Int = 1) {
      guard (1...20).contains(log2n), (1...32).contains(blockSize), (1...16).contains(parallelism),
        (blockSize * parallelism) << log2n <= 8 << 20, log2n < 16 * blockSize
      else { return nil }
      (self.log2n, self.blockSize, self.parallelism) = (log2n, blockSize, parallelism)
    }

    private init(log2n: Int) { self.log2n = log2n }

    fileprivate init?(parameters: Substring) {
      var values: [Substring: Int] = [:]
      for pair in parameters.split(separator: ",") {
        let parts = pair.split(separator: "=")
        guard parts.count == 2, let value = Int(parts[1]) else { return nil }
        values[parts[0]] = value
      }
      guard let log2n = values["ln"], let blockSize = values["r"], let parallelism = values["p"] else { return nil }
      self.init(checking: log2n, blockSize: blockSize, parallelism: parallelism)
    }
  }

  private static let saltBytes = 16
  private static let hashBytes = 32

  package let cost: Cost
  private let salt: Data
  private let hash: SymmetricKey

  /// Hashes a new password with a random salt.
  package init(password: String, cost: Cost = .standard) throws {
    let salt = SymmetricKey(size: .init(bitCount: Self.saltBytes * 8)).withUnsafeBytes { Data($0) }
    self.cost = cost
    self.salt = salt
    hash = try Self.derive(password, salt: salt, cost: cost, count: Self.hashBytes)
  }

  /// Reads a stored password; `nil` if it is not of this form.
  package init?(_ text: String) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let cost = Cost(parameters: parts[2]),
      let salt = Data(unpaddedBase64: parts[3]), let hash = Data(unpaddedBase64: parts[4]), hash.count >= 16
    else { return nil }
    self.cost = cost
    self.salt = salt
    self.hash = SymmetricKey(data: hash)
  }

  /// A hash that no password matches, so that an unknown account costs what a wrong password does.
  package static func ofNobody(cost: Cost) -> PasswordHash {
    PasswordHash(cost: cost, salt: Data(repeating: 0, count: saltBytes), hash: SymmetricKey(size: .bits256))
  }

  private init(cost: Cost, salt: Data, hash: SymmetricKey) {
    (self.cost, self.salt, self.hash) = (cost, salt, hash)
  }

  /// Whether this is the password. The comparison takes constant time (`SymmetricKey`'s `==`).
  package func matches(_ password: String) -> Bool {
    let derived = try? Self.derive(password, salt: salt, cost: cost, count: hash.bitCount / 8)
    return derived == hash
  }

  package var description: String {
    let hash = hash.withUnsafeBytes { Data($0) }
    return "$scrypt$ln=\(cost.log2n),r=\(cost.blockSize),p=\(cost.parallelism)"
      + "$\(salt.unpaddedBase64)$\(hash.unpaddedBase64)"
  }

  private static func derive(_ password: String, salt: Data, cost: Cost, count: Int) throws -> SymmetricKey {
    try KDF.Scrypt.deriveKey(
      from: Array(password.utf8), salt: salt, outputByteCount: count, rounds: 1 << cost.log2n,
      blockSize: cost.blockSize, parallelism: cost.parallelism)
  }
}

extension Data {
  fileprivate init?(unpaddedBase64 text: Substring) {
    self.init(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
  }

  fileprivate var unpaddedBase64: String {
    var text = base64EncodedString()
    while text.hasSuffix("=") { text.removeLast() }
    return text
  }
}
