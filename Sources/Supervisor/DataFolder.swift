// Owns: the data folder: its lock, the files that `kabar up` writes there, and whether its data is new.
// Must never: touch Redis's own files.
// Runs on: the main thread.
import Glibc

/// A folder that belongs to this cluster alone, for as long as the lock's descriptor is open anywhere.
final class DataFolder {
  /// Absolute.
  let path: String
  /// Holds the lock. Redis inherits it, so that the lock lasts as long as any process that writes the data.
  let lock: Int32

  /// Creates the folder if need be (mode 700) and takes the lock, waiting up to `patience` for a cluster that is just
  /// ending.
  init(_ given: String, patience: Duration = .seconds(2)) throws(SupervisorError) {
    path = try Self.created(given)
    lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw SupervisorError("cannot write to the data folder \(path): \(SupervisorError.systemText(errno))")
    }
    let deadline = ContinuousClock.now + patience
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      guard ContinuousClock.now < deadline else {
        let owner = Self.contents("\(path)/lock").split(whereSeparator: \.isNewline).first ?? "unknown"
        close(lock)
        throw SupervisorError("the data folder \(path) belongs to a running cluster (pid \(owner))")
      }
      usleep(50_000)
    }
    try write("\(getpid())\n", to: "lock")
  }

  deinit { close(lock) }

  /// True until `markPrepared` has been called once for this data, also if an earlier start was interrupted.
  var isNew: Bool {
    exists("first-start") || !(exists("appendonlydir") || exists("appendonly.aof"))
  }

  /// True if the demo accounts were added when this data was new.
  var hasDemoAccounts: Bool { exists("demo-accounts") }

  /// To be called before Redis creates its files in a new folder.
  func markNew() throws(SupervisorError) { try write("", to: "first-start") }

  /// To be called once the new data is complete.
  func markPrepared(demoAccounts: Bool) throws(SupervisorError) {
    if demoAccounts { try write("", to: "demo-accounts") }
    unlink("\(path)/first-start")
  }

  /// Replaces a file of the folder (mode 600).
  func write(_ text: String, to name: String) throws(SupervisorError) {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let bytes = Array(text.utf8)
    guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw SupervisorError("cannot write \(file): \(SupervisorError.systemText(code))")
    }
    close(descriptor)
  }

  /// The size of Redis's log in bytes; 0 if there is none.
  var redisLogSize: Int {
    var status = stat()
    return stat("\(path)/redis.log", &status) == 0 ? Int(status.st_size) : 0
  }

  /// The last three lines that Redis logged after its log had `size` bytes (at most the last 4 KiB are read).
  func redisLog(after size: Int) -> [String] {
    let start = max(size, redisLogSize - 4096)
    return Self.contents("\(path)/redis.log", from: start).split(whereSeparator: \.isNewline).suffix(3).map(String.init)
  }

  private func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

  private static func created(_ given: String) throws(SupervisorError) -> String {
    var prefix = given.hasPrefix("/") ? "/" : ""
    for part in given.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(part) : "/\(part)"
      guard mkdir(prefix, 0o700) == 0 || errno == EEXIST || access(prefix, F_OK) == 0 else {
        throw SupervisorError("cannot create the data folder \(given): \(SupervisorError.systemText(errno))")
      }
    }
    guard let absolute = realpath(given, nil) else {
      throw SupervisorError("cannot use the data folder \(given): \(SupervisorError.systemText(errno))")
    }
    defer { free(absolute) }
    return String(cString: absolute)
  }

  /// Up to 4 KiB of a file from an offset; empty if it can't be read.
  private static func contents(_ file: String, from offset: Int = 0) -> String {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = pread(descriptor, &buffer, buffer.count, off_t(offset))
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
  }
}
