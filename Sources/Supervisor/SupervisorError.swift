// Owns: the one line that a person reads when a cluster can't be started.
// Must never: hold more than one line, or blame without naming the thing (path, port, package) to look at.
// Runs on: any thread (a value).
import Glibc

/// Why a cluster was not started. `description` is one line for people, without a trailing full stop.
package struct SupervisorError: Error, Equatable, CustomStringConvertible, Sendable {
  /// One line for people.
  package let description: String

  /// - Parameter description: one line for people.
  package init(_ description: String) { self.description = description }

  /// The system's words for an error number, for example "Permission denied".
  static func systemText(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
