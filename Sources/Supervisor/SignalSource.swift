// Owns: the signals that steer the supervisor, as a descriptor that can be polled.
// Must never: run code in a signal handler.
// Runs on: the main thread; made before any other thread exists, so that all threads inherit the mask.
import CProcess
import Glibc

/// The blocked signals INT, TERM, HUP and CHLD. `read()` gives those that have arrived.
package final class SignalSource {
  /// Readable when a signal is pending.
  package let descriptor: Int32

  package init() throws(SupervisorError) {
    signal(SIGPIPE, SIG_IGN)
    // A parent may have left SIGCHLD ignored; then the kernel would reap our children and tell us nothing.
    signal(SIGCHLD, SIG_DFL)
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in [SIGINT, SIGTERM, SIGCHLD] { sigaddset(&mask, number) }
    // nohup asks to outlive the terminal.
    if kabar_ignores(SIGHUP) == 0 { sigaddset(&mask, SIGHUP) }
    sigprocmask(SIG_BLOCK, &mask, nil)
    descriptor = signalfd(-1, &mask, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SupervisorError("no signalfd: \(SupervisorError.systemText(errno))") }
  }

  deinit { close(descriptor) }

  /// The numbers of the signals that have arrived, without waiting.
  package func read() -> [Int32] {
    var numbers: [Int32] = []
    var info = signalfd_siginfo()
    while Glibc.read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
      numbers.append(Int32(info.ssi_signo))
    }
    return numbers
  }
}
