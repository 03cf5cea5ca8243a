// Owns: the step between the supervisor and a child's program: the child ends when the supervisor does.
// Must never: return after it has replaced the program.
// Runs on: the main thread of the new process, before anything else there.
import CProcess
import Glibc

/// What `kabar exec-child` does.
package enum ParentBoundExec {
  /// Asks the kernel for SIGINT when the parent ends, even by SIGKILL, then becomes `command` (program first).
  /// The request survives exec. Never returns: exits with 126 when the parent is gone already, 127 when the program
  /// can't be run.
  package static func run(parent: Int32, command: [String]) -> Never {
    // Not SIGTERM: a node would wait for its clients, while its Redis ends.
    let isBound = kabar_set_parent_death_signal(SIGINT) == 0
    // The parent may have ended before the request: then nobody will ever send the signal.
    guard isBound, getppid() == parent, let program = command.first else { exit(126) }
    _ = withCStrings(command) { execv(program, $0) }
    LineOutput.write("kabar: \(program): \(SupervisorError.systemText(errno))", to: STDERR_FILENO)
    exit(127)
  }
}
