// Owns: the meaning of a wait status, and its words.
// Must never: wait for a process.
// Runs on: any thread (a value).

/// How a child ended.
package enum ExitReason: Equatable, Sendable, CustomStringConvertible {
  /// It returned this status (0…255).
  case exited(status: Int32)
  /// A signal ended it.
  case killed(signal: Int32)
  /// It was never started; the text says why.
  case notStarted(String)

  /// Decodes what `waitpid` reports. The layout is Linux's: the low seven bits are the signal, the next byte the status.
  package init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    self = signal == 0 ? .exited(status: (waitStatus >> 8) & 0xff) : .killed(signal: signal)
  }

  /// The rest of a sentence that begins with the child's name.
  package var description: String {
    switch self {
    case .exited(let status): "ended with status \(status)"
    case .killed(let signal): "was killed by signal \(signal)"
    case .notStarted(let why): "could not be started: \(why)"
    }
  }
}
