// A secret in a file, as systemd (LoadCredential) and containers hand them out.
// Never names more of the file than its path.
// Blocking; while a command starts.

import Foundation

enum SecretFile {
  /// Bytes that a secret may have: what is longer is the wrong file.
  private static let limit = 4096

  /// The content without the line end that editors and `echo` put behind it.
  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Failure("cannot read \(path): \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    guard ferror(file) == 0 else { throw Failure("cannot read \(path)") }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty, bytes.count <= limit else {
      throw Failure("\(path) holds no secret: 1 to \(limit) bytes of UTF-8 are expected")
    }
    return text
  }
}
