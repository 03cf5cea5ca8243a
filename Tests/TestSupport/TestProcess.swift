// Owns: one process that a test has started, its output in a file.
// Must never: outlive its test: it is killed with this object.
// Runs on: any thread; one test owns it.
import CProcess
import Foundation
import Glibc
import Synchronization

/// A child process with stdout and stderr in one file. Spawned by posix_spawn(3): Foundation's `Process` reads beyond a directory entry when
/// it looks for open descriptors, and now and then crashes the tests by it.
public final class TestProcess: Sendable {
  /// The process id.
  public let pid: Int32
  private let output: String
  /// How it ended; `nil` while it has not been waited for.
  private let ending = Mutex<Int32?>(nil)

  /// Starts a program, found in PATH if it has no slash.
  public init(_ program: String, _ arguments: [String], environment: [String: String] = [:], output: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    // A connection of a test that a child had, too, would not end when the test closes it.
    kabar_close_from(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    // All nodes of a machine would share the port of the page, whatever cluster they belong to.
    let standard = arguments.contains { $0 == "serve" || $0 == "up" } ? ["KABAR_WEB_PORT": "0"] : [:]
    let variables = ProcessInfo.processInfo.environment.merging(standard) { $1 }.merging(environment) { $1 }
      .map { "\($0)=\($1)" }
    var pid: pid_t = 0
    let code = ChildProcess.withCStrings([program] + arguments) { words in
      ChildProcess.withCStrings(variables) { posix_spawnp(&pid, program, &actions, &attributes, words, $0) }
    }
    guard code == 0 else { throw TestFailure("\(program): \(String(cString: strerror(code)))") }
    (self.pid, self.output) = (pid, output)
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
      let signal = status & 0x7F
      ending = signal == 0 ? status >> 8 & 0xFF : signal
      return false
    }
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

  /// Waits for the end and answers the exit status.
  @discardableResult
  public func waitUntilExit() -> Int32 {
    while isRunning { usleep(5000) }
    return ending.withLock { $0 ?? -1 }
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
