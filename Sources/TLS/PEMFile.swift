// Certificates and keys in files.
// Never keeps a key: what is read goes into a TLS context and nowhere else.
// Blocking; while a process starts, before a connection is made, or when an operator asks for it.

import Glibc
import NIOSSL

/// What stands in a PEM file, or why it can't be used.
enum PEMFile {
  /// All certificates of a file, in their order; at least one.
  static func certificates(_ path: String) throws(TLSFailure) -> [NIOSSLCertificate] {
    try checkReadable(path)
    guard let found = try? NIOSSLCertificate.fromPEMFile(path), !found.isEmpty else {
      throw TLSFailure("\(path) holds no certificate in PEM form")
    }
    return found
  }

  /// The private key in a file.
  static func privateKey(_ path: String) throws(TLSFailure) -> NIOSSLPrivateKey {
    try checkReadable(path)
    guard let key = try? NIOSSLPrivateKey(file: path, format: .pem) else {
      throw TLSFailure("\(path) holds no private key in PEM form without a passphrase")
    }
    return key
  }

  private static func checkReadable(_ path: String) throws(TLSFailure) {
    guard access(path, R_OK) == 0 else { throw TLSFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
  }
}
