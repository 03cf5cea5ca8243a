// How many connections this node holds, in all and of each address.
// Never waits: who is too many is told at once.
// Any thread; all event loops share it.

import ChatState
import Synchronization

/// The count of open connections of one process.
package final class Admission: Sendable {
  private struct Counts {
    var all = 0
    var bySource: [LoginSource: Int] = [:]
  }

  private let limits: ClientLimits
  private let counts = Mutex(Counts())

  package init(_ limits: ClientLimits) { self.limits = limits }

  /// Takes a connection in; the limit that forbids it, else. Whoever was taken in must `leave`. `source`: `nil` if it is still
  /// to be said (`assign`).
  func enter(from source: LoginSource?) -> Limit? {
    counts.withLock {
      if $0.all >= limits.connections { return .connections }
      if let source, let limit = count(source, in: &$0) { return limit }
      $0.all += 1
      return nil
    }
  }

  /// Says whose connection it is that was taken in; the limit that forbids it, else.
  func assign(_ source: LoginSource) -> Limit? { counts.withLock { count(source, in: &$0) } }

  func leave(from source: LoginSource?) {
    counts.withLock {
      $0.all -= 1
      guard let source, let count = $0.bySource[source] else { return }
      $0.bySource[source] = count > 1 ? count - 1 : nil
    }
  }

  private func count(_ source: LoginSource, in counts: inout Counts) -> Limit? {
    guard let limit = limits.connectionsPerAddress else { return nil }
    if counts.bySource[source, default: 0] >= limit { return .connectionsPerAddress }
    counts.bySource[source, default: 0] += 1
    return nil
  }
}
