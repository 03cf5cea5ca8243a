// Owns: standard input, output and error of `kabar chat`: reading lines, printing lines, asking for a password unseen.
// Must never: decide what is said; or leave a terminal without echo, however the program ends.
// Runs on: an actor; reads block a thread of NIO's pool, never an event loop or a thread of the task pool.
import ArgumentParser
import Dispatch
import NIOPosix

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The terminal, or the pipes in its place.
actor ChatTerminal {
  /// True if a person types: questions can be asked.
  nonisolated let canAsk = isatty(STDIN_FILENO) == 1
  /// True if a person types and reads: prompts are printed.
  nonisolated let isInteractive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1

  private var lines = ChatInputLines()
  private var complete: ArraySlice<ChatInputLine> = []
  private var ended = false

  /// The next line of the input; nil at its end. Lines are read ahead by at most one read of 16 KiB.
  func nextLine() async -> ChatInputLine? {
    while complete.isEmpty, !ended {
      let bytes = (try? await NIOThreadPool.singleton.runIfActive { Self.readSome() }) ?? []
      ended = bytes.isEmpty
      complete = lines.append(bytes)[...]
      if ended, let last = lines.finish() { complete.append(last) }
    }
    return complete.popFirst()
  }

  /// Prints lines at once, errors to standard error; throws the exit code if nobody reads them any more (`kabar chat | head`).
  nonisolated func print(_ printed: [ChatLine]) throws(ExitCode) {
    // One write each, because an inbox can have thousands of lines. No answer has both kinds.
    var output = ""
    var errors = ""
    for line in printed {
      switch line {
      case .output(let text): output += text + "\n"
      case .error(let text): errors += text + "\n"
      }
    }
    try Self.put(output, to: STDOUT_FILENO)
    try Self.put(errors, to: STDERR_FILENO)
  }

  /// Shows that a line can be typed. Nothing in a pipe.
  nonisolated func prompt() throws(ExitCode) {
    if isInteractive { try Self.put("> ", to: STDOUT_FILENO) }
  }

  /// Leaves the line on which the prompt stands, because something else than a typed line comes now.
  nonisolated func leavePrompt() throws(ExitCode) {
    if isInteractive { try Self.put("\n", to: STDOUT_FILENO) }
  }

  /// Asks for a password, without showing what is typed; nil if the input ends instead.
  func password(for user: String) async throws(ExitCode) -> ChatInputLine? {
    try Self.put(ChatTranscript.safe("password for \(user): "), to: STDERR_FILENO)
    var shown = termios()
    guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return await nextLine() }
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    // Stopping (Ctrl-Z) waits until the question is answered: the shell would get a terminal without echo.
    let stopping = signal(SIGTSTP, SIG_IGN)
    var sources: [any DispatchSourceSignal] = []
    for number in Self.endingSignals { sources.append(await Self.restore(shown, andEndBy: number)) }
    // TCSAFLUSH forgets what was typed before the question: it was shown and can't be meant for it.
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    let line = await nextLine()
    tcsetattr(STDIN_FILENO, TCSANOW, &shown)
    for source in sources { source.cancel() }
    for number in Self.endingSignals { signal(number, SIG_DFL) }
    signal(SIGTSTP, stopping)
    // The person's own line end wasn't shown either.
    try Self.put("\n", to: STDERR_FILENO)
    return line
  }

  private static let endingSignals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// Until cancelled, the signal first restores the terminal, then does what it always does. Returns once this is in
  /// force: a signal before that simply ends the program, while the echo is still on.
  private static func restore(_ shown: termios, andEndBy number: CInt) async -> any DispatchSourceSignal {
    #if canImport(Darwin)
      // There a source only watches, and the signal would end the program beside it.
      signal(number, SIG_IGN)
    #endif
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      var restored = shown
      tcsetattr(STDIN_FILENO, TCSANOW, &restored)
      signal(number, SIG_DFL)
      kill(getpid(), number)
    }
    await withCheckedContinuation { registered in
      source.setRegistrationHandler { registered.resume() }
      source.resume()
    }
    return source
  }

  /// One read of the input; empty at its end, and if it can't be read any more.
  private static func readSome() -> [UInt8] {
    var space = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = read(STDIN_FILENO, &space, space.count)
      if count >= 0 { return Array(space.prefix(count)) }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Another program has left the shared input in non-blocking mode.
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, -1)
      default: return []
      }
    }
  }

  private static func put(_ text: String, to descriptor: CInt) throws(ExitCode) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = write(descriptor, Array(rest), rest.count)
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      } else if errno != EINTR {
        throw .failure
      }
    }
  }
}
