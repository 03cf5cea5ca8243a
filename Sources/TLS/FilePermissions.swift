// Who may read a file that holds a secret: a key, a password.
// Never opens it.
// Blocking; while a process starts, or when an operator asks for it.

import Glibc

/// Looks at the mode of files.
package enum FilePermissions {
  /// Whether every user of this machine may read a file.
  package static func isReadableByOthers(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
  }
}
