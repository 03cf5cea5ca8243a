// Owns: the terminal while keys are read one by one: its settings, its width, its signals.
// Must never: leave the settings behind, however the program ends (but for SIGKILL and a crash).
// Runs on: any thread; reads block a thread of NIO's pool, never an event loop or a thread of the task pool.
import Dispatch
import NIOPosix
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Standard input and output as a terminal without line editing and echo of its own.
final class RawTerminal: Sendable {
  enum Input: Sendable {
    case bytes([UInt8])
    /// Nothing came in time.
    case silence
    case end
  }

  /// The settings of whoever started the program.
  private let inherited: termios
  /// Whether the terminal was given back for good. Locked while it is given or taken.
  private let isOver = Mutex(false)

  /// Whether a line can be drawn again here.
  static var isCapable: Bool {
    guard let name = getenv("TERM").map({ String(cString: $0) }) else { return false }
    return !["", "dumb", "unknown"].contains(name)
  }

  /// Whether what was on the screen is put aside meanwhile, and the cursor hidden.
  private let isFullScreen: Bool

  /// nil if standard input is no terminal.
  init?(isFullScreen: Bool = false) {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
    (inherited, self.isFullScreen) = (settings, isFullScreen)
  }

  /// Takes the terminal over until `end(_:)`. Signals that end the program restore it first.
  ///
  /// - Returns: what listens to the signals, for `end(_:)`.
  func begin(onRedraw: @escaping @Sendable () -> Void) async -> sending [any DispatchSourceSignal] {
    var sources: [any DispatchSourceSignal] = []
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      sources.append(
        await Self.listen(to: number) { [self] in
          guard giveBack() else { return }
          Self.raiseHere(number)
        })
    }
    sources.append(await Self.listen(to: SIGWINCH, onRedraw))
    sources.append(await Self.listen(to: SIGTSTP) { [self] in suspend() })
    // Whoever stopped the program (ctrl-z, another shell) has had the terminal meanwhile.
    sources.append(
      await Self.listen(to: SIGCONT) { [self] in
        isOver.withLock { if !$0 { enter() } }
        onRedraw()
      })
    enter()
    return sources
  }

  /// Gives the terminal back, and signals their meaning.
  func end(_ sources: [any DispatchSourceSignal]) {
    giveBack()
    for source in sources { source.cancel() }
  }

  /// Once and for all; false if that was done before.
  @discardableResult
  private func giveBack() -> Bool {
    isOver.withLock { isOver in
      if isOver { return false }
      isOver = true
      leave()
      return true
    }
  }

  /// Stops the program as ctrl-z does elsewhere; returns when it goes on. Nobody takes the terminal over meanwhile, not the
  /// late answer to an earlier SIGCONT either.
  func suspend() {
    isOver.withLock { isOver in
      if isOver { return }
      leave()
      Self.raiseHere(SIGTSTP)
      enter()
    }
  }

  /// For the process, a signal could come to another thread, later, or to the very source that waits for it; for this thread
  /// it comes at once, if it isn't blocked and does what it does by itself.
  private static func raiseHere(_ number: CInt) {
    var (set, mask, action) = (sigset_t(), sigset_t(), sigaction())
    sigemptyset(&set)
    sigaddset(&set, number)
    sigaction(number, nil, &action)
    signal(number, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &set, &mask)
    raise(number)
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    sigaction(number, &action, nil)
  }

  /// Forgets what was typed and not read yet: it can't be meant for the question that comes.
  func forgetInput() { tcflush(STDIN_FILENO, TCIFLUSH) }

  /// Columns of the terminal; 80 if it doesn't say.
  var columns: Int { Self.size.flatMap { $0.ws_col > 0 ? Int($0.ws_col) : nil } ?? 80 }

  /// Rows of the terminal; 24 if it doesn't say.
  var rows: Int { Self.size.flatMap { $0.ws_row > 0 ? Int($0.ws_row) : nil } ?? 24 }

  private static var size: winsize? {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
  }

  /// Writes a text as it is; false if the terminal is gone.
  @discardableResult
  func write(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  /// What is typed next.
  ///
  /// - Parameter milliseconds: how long to wait at most; -1 for ever.
  func input(within milliseconds: CInt) async -> Input {
    (try? await NIOThreadPool.singleton.runIfActive { Self.read(milliseconds) }) ?? .end
  }

  /// The keys that come next; `nil` when the terminal is gone. An escape key by itself is told from a sequence by the silence
  /// behind it.
  func keys(by decoder: inout KeyDecoder) async -> [Key]? {
    switch await input(within: decoder.patience) {
    case .end: nil
    case .silence: decoder.giveUp()
    case .bytes(let bytes): decoder.decode(bytes)
    }
  }

  private static func read(_ milliseconds: CInt) -> Input {
    while true {
      var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, milliseconds)
      if ready == 0 { return .silence }
      if ready < 0 {
        if errno == EINTR { continue }
        return .end
      }
      var space = [UInt8](repeating: 0, count: 4096)
      let count = systemRead(STDIN_FILENO, &space, space.count)
      if count > 0 { return .bytes(Array(space.prefix(count))) }
      if count == 0 || (errno != EINTR && errno != EAGAIN) { return .end }
    }
  }

  private func enter() {
    var raw = inherited
    // Output keeps its settings: a line feed still begins a row.
    raw.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | ISTRIP)
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    write("\u{1B}[?2004h" + (isFullScreen ? "\u{1B}[?1049h\u{1B}[?25l\u{1B}[H\u{1B}[J" : ""))
  }

  private func leave() {
    write("\u{1B}[?2004l" + (isFullScreen ? "\u{1B}[?25h\u{1B}[?1049l" : LinePainter.wipe))
    var settings = inherited
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
  }

  /// Returns once this is in force.
  private static func listen(
    to number: CInt, _ body: @escaping @Sendable () -> Void
  ) async -> sending any DispatchSourceSignal {
    #if canImport(Darwin)
      // There a source only watches, and the signal would do what it does beside it.
      signal(number, SIG_IGN)
    #endif
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler(handler: body)
    await withCheckedContinuation { registered in
      source.setRegistrationHandler { registered.resume() }
      source.resume()
    }
    return source
  }
}

/// The system's calls, where a method has the same name.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemRead(_ descriptor: CInt, _ space: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, space, count)
}
