// Owns: one short run of a program: what it printed and how it ended.
// Must never: go through a run loop: these tests start hundreds of processes, and waitpid forgets none.
// Runs on: any thread; blocks it until the program ends.
import Foundation
import TestSupport

/// A program that has run to its end, with stdin from /dev/null and stdout and stderr together.
struct FinishedProcess {
  /// The exit status; -1 if a signal ended it.
  let status: Int32
  let output: String

  /// Runs a program, found in PATH if it has no slash.
  init(_ command: [String], environment: [String: String] = [:]) throws {
    let folder = try TestFolder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder.path)/out", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var pid: pid_t = 0
    let code = ChildProcess.withCStrings(command) { words in
      ChildProcess.withCStrings(variables) { posix_spawnp(&pid, command[0], &actions, nil, words, $0) }
    }
    guard code == 0 else { throw TestFailure("cannot start \(command[0])") }
    var ending: Int32 = 0
    while waitpid(pid, &ending, 0) == -1, errno == EINTR {}
    status = ending & 0x7F == 0 ? ending >> 8 & 0xFF : -1
    output = folder.text(of: "out")
  }
}
