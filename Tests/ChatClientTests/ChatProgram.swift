// Owns: running the built `kabar chat` program in a test, in pipes or on a pseudo-terminal.
// Must never: leave a process behind.
// Runs on: the test's task; waiting for the program happens in the background.
import Foundation
import Glibc
import TestSupport

/// One run of `kabar chat`.
struct ChatProgram {
  let status: Int32
  let output: String
  let errors: String

  /// Runs it with `input` in a pipe until it ends by itself.
  static func run(port: Int, input: [UInt8], arguments: [String] = []) async throws -> ChatProgram {
    try await run(port: port, arguments) { pipe in
      try pipe.write(contentsOf: input)
      try pipe.close()
    }
  }

  /// Runs it with an input that stays open and silent, until it ends by itself.
  static func runWithOpenInput(port: Int) async throws -> ChatProgram {
    try await run(port: port, []) { _ in }
  }

  private static func run(
    port: Int, _ arguments: [String], feed: (FileHandle) throws -> Void
  ) async throws -> ChatProgram {
    let (folder, pipe) = (try TestFolder(), Pipe())
    let process = try TestProcess(
      kabarProgram, ["chat", "--port", "\(port)"] + arguments,
      input: .descriptor(pipe.fileHandleForReading.fileDescriptor), output: .file("\(folder.path)/output"),
      errors: .file("\(folder.path)/errors"))
    // Both ends stay open here, so that a program that ends before it has read everything costs the tests no signal. All inputs
    // of these tests fit into a pipe.
    defer { withExtendedLifetime(pipe) {} }
    try feed(pipe.fileHandleForWriting)
    let status = try await exit(of: process)
    return ChatProgram(status: status, output: folder.text(of: "output"), errors: folder.text(of: "errors"))
  }

  /// Waits at most 20 seconds; a program that still runs then is killed with its object, and the test fails.
  private static func exit(of process: TestProcess) async throws -> Int32 {
    guard await eventually(within: 20, { !process.isRunning }) else { throw TestFailure("kabar chat still runs") }
    return process.waitUntilExit()
  }

  /// Runs it on a pseudo-terminal of its own, 60 columns wide.
  ///
  /// - Parameter kind: what TERM says; on a `dumb` one messages don't arrive while somebody types.
  static func onTerminal<Value>(
    port: Int, arguments: [String], kind: String = "dumb", _ body: (Terminal) async throws -> Value
  ) async throws -> Value {
    let (near, far) = try openTerminal()
    defer {
      close(near)
      close(far)
    }
    let process = try TestProcess(
      kabarProgram, ["chat", "--port", "\(port)"] + arguments, environment: ["TERM": kind], input: .descriptor(far),
      output: .descriptor(far), errors: .descriptor(far))
    return try await body(Terminal(near: near, far: far, process: process))
  }

  /// A new pseudo-terminal: the person's side (reads don't block) and the program's.
  ///
  /// Done with Linux's own calls, because Swift's Glibc module doesn't show `posix_openpt` and its companions.
  private static func openTerminal() throws -> (near: CInt, far: CInt) {
    let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    var (locked, number): (CInt, CUnsignedInt) = (0, 0)
    let near = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard near >= 0, ioctl(near, setLock, &locked) == 0, ioctl(near, getNumber, &number) == 0 else {
      throw POSIXError(.ENOTTY)
    }
    let far = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard far >= 0 else { throw POSIXError(.ENOTTY) }
    setColumns(60, of: far)
    return (near, far)
  }

  private static func setColumns(_ columns: UInt16, of descriptor: CInt) {
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
  }

  /// The person's side of the pseudo-terminal.
  final class Terminal {
    private let near: CInt
    private let far: CInt
    private let process: TestProcess
    private var bytes: [UInt8] = []
    /// Where the next wait begins to look: behind what the last one has found.
    private var position = 0

    /// Everything that the person has seen so far.
    var seen: String { String(decoding: bytes, as: UTF8.self) }

    init(near: CInt, far: CInt, process: TestProcess) {
      self.near = near
      self.far = far
      self.process = process
    }

    /// True if the terminal shows what is typed.
    var echoes: Bool {
      var settings = termios()
      return tcgetattr(far, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    func type(_ text: String) {
      _ = write(near, text, text.utf8.count)
    }

    func signal(_ number: CInt) {
      process.signal(number)
    }

    /// Waits until `text` was seen behind what the last wait has found; false after ten seconds.
    func sees(_ text: String) async throws -> Bool {
      for _ in 0..<2000 {
        var space = [UInt8](repeating: 0, count: 4096)
        let count = read(near, &space, space.count)
        if count > 0 { bytes += space.prefix(count) }
        if let found = bytes[position...].firstRange(of: Array(text.utf8)) {
          position = found.upperBound
          return true
        }
        if count <= 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      return false
    }

    /// Makes the terminal narrower or wider; the program is told.
    func resize(columns: UInt16) {
      ChatProgram.setColumns(columns, of: far)
      signal(SIGWINCH)
    }

    /// Waits until the program stands still; false after ten seconds.
    func stopped() async throws -> Bool {
      for _ in 0..<2000 {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
        if status.split(separator: ")").last?.hasPrefix(" T") == true { return true }
        try await Task.sleep(for: .milliseconds(5))
      }
      return false
    }

    /// Waits for the end: the exit code, or the signal that ended it as a negative number.
    func ended() async throws -> Int32 {
      let status = try await ChatProgram.exit(of: process)
      return process.endingSignal.map { -$0 } ?? status
    }
  }
}
