// Owns: one process that a test has started, and what it shares with the test: its three streams, nothing else.
// Must never: outlive its test: it is killed with this object.
// Runs on: any thread; one test owns it.
import CProcess
import Foundation
import Glibc
import Synchronization

/// A child process. Foundation's `Process` is not used: it reads beyond a directory entry when it looks for open descriptors, and now and then
/// crashes the tests by it.
public final class TestProcess: Sendable {
  /// What one of the three standard streams of a process is.
  public enum Stream {
    /// A file, read from or begun anew.
    case file(String)
    /// A copy of a descriptor of the test; for `errors`, 1 is what `output` says.
    case descriptor(Int32)
  }

  /// The process id.
  public let pid: Int32
  private let output: String
  /// How it ended, as wait(2) says it; `nil` while it has not been waited for.
  private let ending = Mutex<Int32?>(nil)

  /// Starts a program, found in PATH if it has no slash, with stdout and stderr in one file.
  public convenience init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String
  ) throws {
    try self.init(program, arguments, environment: environment, output: .file(output), errors: nil)
  }

  /// Starts a program with these streams.
  ///
  /// - Parameter errors: nil for the same as `output`.
  public init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: Stream = .file("/dev/null"),
    output: Stream, errors: Stream?
  ) throws {
    // All nodes of a machine would share the port of the page, whatever cluster they belong to.
    let standard = arguments.contains { $0 == "serve" || $0 == "up" } ? ["KABAR_WEB_PORT": "0"] : [:]
    let variables = ProcessInfo.processInfo.environment.merging(standard) { $1 }.merging(environment) { $1 }
    pid = try Self.spawn(
      program, arguments, environment: variables, input: input, output: output,
      errors: errors ?? .descriptor(STDOUT_FILENO))
    self.output = if case .file(let path) = output { path } else { "" }
  }

  /// Starts a program in a process group of its own. The caller has to wait for its end.
  ///
  /// - Parameter environment: all of it.
  public static func spawn(
    _ program: String, _ arguments: [String], environment: [String: String], input: Stream = .file("/dev/null"),
    output: Stream, errors: Stream
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    connect(STDIN_FILENO, to: input, O_RDONLY, &actions)
    connect(STDOUT_FILENO, to: output, O_WRONLY | O_CREAT | O_TRUNC, &actions)
    connect(STDERR_FILENO, to: errors, O_WRONLY | O_CREAT | O_TRUNC, &actions)
    // A socket of a test that a child had, too, would go on listening, or stay connected, when the test closes it.
    kabar_close_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var pid: pid_t = 0
    let code = ChildProcess.withCStrings([program] + arguments) { words in
      ChildProcess.withCStrings(environment.map { "\($0)=\($1)" }) {
        posix_spawnp(&pid, program, &actions, &attributes, words, $0)
      }
    }
    guard code == 0 else { throw TestFailure("\(program): \(String(cString: strerror(code)))") }
    return pid
  }

  private static func connect(
    _ number: Int32, to stream: Stream, _ flags: Int32, _ actions: inout posix_spawn_file_actions_t
  ) {
    switch stream {
    case .file(let path): posix_spawn_file_actions_addopen(&actions, number, path, flags, 0o600)
    case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
    }
  }

  deinit { kill() }

  /// Everything that it has written.
  public var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

  /// Whether it has not ended.
  public var isRunning: Bool {
    ending.withLock { ending in
      if ending != nil { return false }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return true }
      ending = status
      return false
    }
  }

  /// The signal that has ended it; nil while it runs, and if it has ended by itself.
  public var endingSignal: Int32? {
    if isRunning { return nil }
    return ending.withLock { $0.flatMap { $0 & 0x7F == 0 ? nil : $0 & 0x7F } }
  }

  /// Sends a signal.
  public func signal(_ number: Int32) { _ = Glibc.kill(pid, number) }

  /// SIGKILL, and waits for the end.
  public func kill() {
    guard isRunning else { return }
    signal(SIGKILL)
    waitUntilExit()
  }

  /// SIGTERM, waits, and answers the exit status.
  @discardableResult
  public func terminate() -> Int32 {
    if isRunning { signal(SIGTERM) }
    return waitUntilExit()
  }

  /// Waits for the end and answers the exit status, or the signal that ended it.
  @discardableResult
  public func waitUntilExit() -> Int32 {
    while isRunning { usleep(5000) }
    return endingSignal ?? ending.withLock { ($0 ?? -1) >> 8 & 0xFF }
  }
}

/// The `kabar` program: the one that KABAR_TEST_PROGRAM names, else the one built beside the test runner.
public var kabarProgram: String {
  ProcessInfo.processInfo.environment["KABAR_TEST_PROGRAM"] ?? builtProgram("kabar")
}

/// A program that was built beside the test runner.
public func builtProgram(_ name: String) -> String {
  let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return (runner as NSString).deletingLastPathComponent + "/" + name
}
