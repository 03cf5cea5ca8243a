// Owns: one process of a cluster under test, and that it can't outlive the program that started it.
// Must never: be spawned from a thread that ends before the run: the kernel ties the child's life to that thread.
// Runs on: the main thread.
import CProcess
import Foundation
import Glibc

/// A child in a process group of its own, so that Ctrl-C reaches the program alone. The program must hand over to
/// `becomeChild` when its arguments begin with `exec-child`.
public struct ChildProcess {
  /// The process id.
  public let pid: pid_t

  /// Starts `command` (a program with a path or to be found in PATH, then its arguments); its output goes to a file.
  public init(_ command: [String], output: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let words = [Self.launcher, "exec-child", "\(getpid())"] + command
    var pid: pid_t = 0
    let status = Self.withCStrings(words) { posix_spawn(&pid, Self.launcher, &actions, &attributes, $0, environ) }
    guard status == 0 else { throw TestFailure("\(command[0]): \(String(cString: strerror(status)))") }
    self.pid = pid
  }

  /// Sends a signal.
  public func signal(_ number: Int32) { kill(pid, number) }

  /// Why it ended, or `nil` while it runs. After an answer the id is free for others.
  public func reap() -> String? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(signal)"
  }

  /// SIGKILL, and waits for the end. It must not have been reaped.
  public func end() {
    signal(SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  /// The child's half, if this program was started as one (`exec-child PARENT PROGRAM …`); else it does nothing.
  public static func becomeChildIfAsked() {
    let words = CommandLine.arguments
    if words.count > 3, words[1] == "exec-child", let parent = pid_t(words[2]) {
      becomeChild(of: parent, Array(words[3...]))
    }
  }

  /// Asks the kernel for SIGKILL when the parent ends (SIGTERM would wait in a stopped process for
  /// ever), then becomes `command`.
  private static func becomeChild(of parent: pid_t, _ command: [String]) -> Never {
    guard kabar_set_parent_death_signal(SIGKILL) == 0, getppid() == parent, let program = command.first else {
      exit(126)
    }
    for descriptor in Int32(3)..<1024 { close(descriptor) }
    _ = withCStrings(command) { execvp(program, $0) }
    exit(127)
  }

  private static var launcher: String { CommandLine.executablePath }

  /// Runs `body` with a null-terminated array of C strings, as exec and spawn want it.
  public static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}

extension CommandLine {
  /// This program's file.
  public static var executablePath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  }
}
