// Owns: how much processor time and memory processes of this machine have used.
// Must never: count a process that is not named to it.
// Runs on: any thread.
import Glibc

/// Reads the kernel's clocks of processes.
package enum ProcessorTime {
  /// User and system time of a process, all its threads together, in nanoseconds; nil if there is no such process here.
  package static func nanoseconds(of pid: Int32) -> UInt64? {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The same of several processes together; nil if one of them is not there.
  package static func nanoseconds(of pids: [Int32]) -> UInt64? {
    var sum: UInt64 = 0
    for pid in pids {
      guard let time = nanoseconds(of: pid) else { return nil }
      sum += time
    }
    return sum
  }

  /// The same of this process.
  package static var own: UInt64 { nanoseconds(of: getpid()) ?? 0 }

  /// Resident memory of processes together, in bytes; nil if one of them is not there.
  package static func residentBytes(of pids: [Int32]) -> UInt64? {
    var sum: UInt64 = 0
    for pid in pids {
      guard let pages = residentPages(of: pid) else { return nil }
      sum += pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }
    return sum
  }

  /// The second number in `/proc/PID/statm`.
  private static func residentPages(of pid: Int32) -> UInt64? {
    let descriptor = open("/proc/\(pid)/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return nil }
    let fields = bytes[..<count].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? UInt64(String(decoding: fields[1], as: UTF8.self)) : nil
  }
}

extension ProcessorTime {
  /// The name of a process's program, at most 15 bytes of it; empty if there is none.
  static func name(of pid: Int32) -> String {
    let descriptor = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
