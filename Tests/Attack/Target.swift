// Owns: what is attacked: where it is, and what may be looked at from outside.
// Must never: change it.
// Runs on: any thread; a value.
import Foundation
import Glibc

/// A cluster, ours or somebody else's.
struct Target: Sendable {
  let plain: Endpoint
  /// `nil`: it has no TLS.
  let tls: Endpoint?
  /// The node processes on this machine whose memory is watched.
  let nodes: [pid_t]
  /// Passwords that all nodes together may hash at once.
  let hashesAtOnce: Int
  /// Memory that those take, in KiB.
  let hashKiB: Int
  /// The port of a Redis of 127.0.0.1 that may be asked; `nil`: none.
  let redisPort: Int?

  /// Resident memory of all nodes in KiB; 0 if none is known.
  var residentKiB: Int {
    nodes.reduce(0) { sum, pid in
      let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
      return sum + (Int(line.filter(\.isNumber)) ?? 0)
    }
  }

  /// Processor time that all nodes have used, in seconds.
  var processorSeconds: Double {
    nodes.reduce(0) { sum, pid in
      let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      // pid (name) state parent …: user and system time are the 14th and 15th field.
      let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
      guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return sum }
      return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
  }
}
