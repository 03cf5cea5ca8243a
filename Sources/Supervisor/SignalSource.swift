// Owns: the signals that steer the supervisor, as a descriptor that can be polled, and what each of them means.
// Must never: run code in a signal handler.
// Runs on: the main thread; made before any other thread exists, so that all threads inherit the mask.
import CProcess
import Glibc

/// The blocked signals INT, TERM, HUP, USR1 and CHLD. `read()` gives what they mean.
package final class SignalSource {
  /// What a signal means to a cluster.
  package enum Signal: Sendable, Equatable {
    /// INT or TERM.
    case stop(Int32)
    /// HUP, because the terminal is gone.
    case hangUp
    /// HUP, because somebody wants it.
    case restart
    /// USR1
    case sayMore
    /// CHLD: a child may have ended.
    case childEnded
  }

  /// Readable when a signal is pending.
  package let descriptor: Int32
  /// nohup asks to outlive the terminal.
  private let outlivesTerminal: Bool
  private let hadTerminal: Bool

  package init() throws(SupervisorError) {
    outlivesTerminal = kabar_ignores(SIGHUP) != 0
    hadTerminal = Self.hasTerminal
    signal(SIGPIPE, SIG_IGN)
    // What a parent has left ignored the kernel would not tell us: that a child has ended, that nodes shall be restarted.
    signal(SIGCHLD, SIG_DFL)
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD] { sigaddset(&mask, number) }
    sigprocmask(SIG_BLOCK, &mask, nil)
    signal(SIGHUP, SIG_DFL)
    descriptor = signalfd(-1, &mask, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SupervisorError("no signalfd: \(SupervisorError.systemText(errno))") }
  }

  deinit { close(descriptor) }

  /// The signals that have arrived, without waiting.
  package func read() -> [Signal] {
    var signals: [Signal] = []
    var info = signalfd_siginfo()
    while Glibc.read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
      switch Int32(info.ssi_signo) {
      case SIGINT, SIGTERM: signals.append(.stop(Int32(info.ssi_signo)))
      case SIGHUP: signals += hangUp(isFromKernel: info.ssi_code == Self.fromKernel).map { [$0] } ?? []
      case SIGUSR1: signals.append(.sayMore)
      default: signals.append(.childEnded)
      }
    }
    return signals
  }

  /// HUP is said by the kernel when a terminal closes, by the shell that passes this on to its jobs, and by operators to daemons
  /// that shall begin anew. The first two leave no terminal behind.
  private func hangUp(isFromKernel: Bool) -> Signal? {
    guard isFromKernel || (hadTerminal && !Self.hasTerminal) else { return .restart }
    return outlivesTerminal ? nil : .hangUp
  }

  /// `SI_KERNEL` of asm-generic/siginfo.h, which Swift does not import.
  private static let fromKernel: Int32 = 0x80

  /// Whether this process has a controlling terminal that is still there.
  private static var hasTerminal: Bool {
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    if terminal >= 0 { close(terminal) }
    return terminal >= 0
  }
}
