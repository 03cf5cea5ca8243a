// Owns: the certificates of a test: a CA of its own and what it has signed, made by `openssl` while the test runs.
// Must never: be kept: no key is in the repository.
// Runs on: any thread; one test owns it.
import Foundation

/// A CA in a folder of its own.
public final class Certificates: Sendable {
  /// A certificate and its key.
  public struct Pair: Sendable {
    /// The file with the certificate (PEM).
    public let certificate: String
    /// The file with its key (PEM).
    public let key: String
  }

  private let folder: TestFolder
  /// The CA's own certificate (PEM).
  public var authority: String { "\(folder.path)/ca.crt" }

  /// Makes the CA.
  public init() throws {
    folder = try TestFolder()
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
      "\(folder.path)/ca.key", "-out", authority, "-days", "30", "-subj", "/CN=Kabar test CA")
  }

  /// A certificate for the names, signed by the CA. Made again under the same file name, it takes the other's place.
  /// - Parameter days: how long it is valid; -1: until yesterday.
  @discardableResult
  public func issue(
    _ file: String, for names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 30
  ) throws -> Pair {
    let base = "\(folder.path)/\(file)"
    try "subjectAltName=\(names)\n".write(toFile: "\(base).ext", atomically: true, encoding: .utf8)
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(base).key", "-out",
      "\(base).csr", "-subj", "/CN=\(file)")
    try openssl(
      "x509", "-req", "-in", "\(base).csr", "-CA", authority, "-CAkey", "\(folder.path)/ca.key", "-CAcreateserial",
      "-out", "\(base).crt", "-days", "\(days)", "-extfile", "\(base).ext")
    return Pair(certificate: "\(base).crt", key: "\(base).key")
  }

  /// Writes a file beside the certificates and answers its path.
  public func write(_ text: String, to file: String) throws -> String {
    let path = "\(folder.path)/\(file)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func openssl(_ arguments: String...) throws {
    let run = try TestProcess("openssl", arguments, output: "\(folder.path)/openssl.out")
    guard run.waitUntilExit() == 0 else { throw TestFailure("openssl \(arguments[0]): \(run.text)") }
  }
}
