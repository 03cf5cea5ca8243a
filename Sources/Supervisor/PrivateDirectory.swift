// Makes directories that no other user can enter.
// Never removes one: its owner knows what lies in it.
// Any thread.
import Glibc

/// Temporary directories.
package enum PrivateDirectory {
  /// Makes a directory of its own, mode 700, whose name begins with `prefix`; answers its path.
  package static func make(_ prefix: String, in parent: String) throws(SupervisorError) -> String {
    // mkdtemp(3) puts its own characters in place of the Xs.
    var template = Array("\(parent)/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw SupervisorError("no temporary directory in \(parent): \(SupervisorError.systemText(errno))")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
