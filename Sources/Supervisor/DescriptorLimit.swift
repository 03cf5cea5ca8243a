// Owns: this process's limit of open descriptors, which its children inherit.
// Must never: lower it.
// Runs on: the main thread, once, before anything is started.
import Glibc

/// The bound on sockets and files of a process (`RLIMIT_NOFILE`).
package enum DescriptorLimit {
  /// Raises the soft limit to the hard one. Returns the limit that holds afterwards.
  @discardableResult
  package static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    var raised = limit
    raised.rlim_cur = limit.rlim_max
    if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    return Int(clamping: limit.rlim_cur)
  }
}
