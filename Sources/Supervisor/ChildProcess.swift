// Owns: starting, signalling and reaping one child process.
// Must never: decide when; leave a member of a dead child's process group behind.
// Runs on: the main thread: a child's parent-death signal is tied to the thread that spawned it.
import Glibc

/// A child that runs in a process group of its own, so that Ctrl-C in the terminal reaches the supervisor alone.
package struct ChildProcess {
  /// What to start.
  package struct Request {
    /// The program (absolute path, or relative to the working directory), then its arguments.
    package var command: [String]
    /// Variables that differ from our own environment; nil takes one away. (NOTIFY_SOCKET, where a child may say that
    /// it is ready, is never our own.)
    package var environment: [String: String?]
    /// False sends stdout to /dev/null.
    package var keepsOutput: Bool
    /// A descriptor that the child shares, by the same number.
    package var inherited: Int32?
    /// A file that takes stdout and stderr instead; nil for none.
    package var log: String? = nil

    package init(
      command: [String], environment: [String: String?], keepsOutput: Bool, inherited: Int32?, log: String? = nil
    ) {
      (self.command, self.environment, self.keepsOutput) = (command, environment, keepsOutput)
      (self.inherited, self.log) = (inherited, log)
    }
  }

  /// The process id, and the id of its process group.
  package let pid: Int32

  /// Starts `request` by way of `launcher exec-child`, which ties the child's life to ours.
  package static func spawn(_ request: Request, launcher: String) throws(SupervisorError) -> ChildProcess {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    if !request.keepsOutput {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    }
    if let log = request.log {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    }
    // Duplicating a descriptor onto itself takes its close-on-exec flag away, in the child alone.
    if let shared = request.inherited { posix_spawn_file_actions_adddup2(&actions, shared, shared) }

    var attributes = Self.attributes()
    defer { posix_spawnattr_destroy(&attributes) }
    let arguments = [launcher, "exec-child", "--parent", "\(getpid())", "--"] + request.command
    var pid: pid_t = 0
    let code = withCStrings(arguments) { argv in
      withCStrings(Self.environment(request.environment)) { envp in
        posix_spawn(&pid, launcher, &actions, &attributes, argv, envp)
      }
    }
    guard code == 0 else { throw SupervisorError("\(launcher): \(SupervisorError.systemText(code))") }
    return ChildProcess(pid: pid)
  }

  /// How the child ended, or nil while it runs. Ends what is left of its process group and reaps it.
  package func reap() -> ExitReason? {
    var info = siginfo_t()
    // Look before reaping: as long as the dead child is there, no other group can have its number.
    guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0, info.si_signo == SIGCHLD else {
      return nil
    }
    Glibc.kill(-pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return ExitReason(waitStatus: status)
  }

  /// Sends the child a signal.
  package func signal(_ number: Int32) { Glibc.kill(pid, number) }

  /// Ends the child and its whole process group.
  package func kill() { Glibc.kill(-pid, SIGKILL) }

  /// A clean start: own process group, nothing blocked, no disposition inherited.
  private static func attributes() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))
    return attributes
  }

  /// Our own environment, with these variables set or, where the value is nil, absent.
  private static func environment(_ changes: [String: String?]) -> [String] {
    var entries: [String] = []
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if changes[String(text.prefix { $0 != "=" })] == nil { entries.append(text) }
      next += 1
    }
    return entries + changes.compactMap { name, value in value.map { "\(name)=\($0)" } }
  }
}

/// Runs `body` with a null-terminated array of C strings, as exec and spawn want it.
func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let pointers = strings.map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  return body(pointers + [nil])
}
