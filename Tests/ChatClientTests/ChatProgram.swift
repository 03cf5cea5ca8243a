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

  /// Starts the program; the caller gives it its input and output first.
  private static func start(port: Int, _ arguments: [String], _ prepare: (Process) -> Void) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: kabarProgram)
    process.arguments = ["chat", "--port", "\(port)"] + arguments
    prepare(process)
    try process.run()
    return process
  }

  /// Runs it with `input` in a pipe until it ends by itself.
  static func run(port: Int, input: [UInt8], arguments: [String] = []) async throws -> ChatProgram {
    let (toProgram, fromProgram, errorsFromProgram) = (Pipe(), Pipe(), Pipe())
    let process = try start(port: port, arguments) {
      ($0.standardInput, $0.standardOutput, $0.standardError) = (toProgram, fromProgram, errorsFromProgram)
    }
    try toProgram.fileHandleForWriting.write(contentsOf: input)
    try toProgram.fileHandleForWriting.close()
    return try await finish(process, fromProgram, errorsFromProgram)
  }

  /// Runs it with an input that stays open and silent, until it ends by itself.
  static func runWithOpenInput(port: Int) async throws -> ChatProgram {
    let (toProgram, fromProgram, errorsFromProgram) = (Pipe(), Pipe(), Pipe())
    let process = try start(port: port, []) {
      ($0.standardInput, $0.standardOutput, $0.standardError) = (toProgram, fromProgram, errorsFromProgram)
    }
    let result = try await finish(process, fromProgram, errorsFromProgram)
    try toProgram.fileHandleForWriting.close()
    return result
  }

  private static func finish(_ process: Process, _ output: Pipe, _ errors: Pipe) async throws -> ChatProgram {
    // The outputs of these tests fit into a pipe's buffer, so reading after the end can't block the program.
    let status = try await exit(of: process)
    return ChatProgram(
      status: status,
      output: String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self),
      errors: String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self))
  }

  /// Waits at most 20 seconds; a program that still runs then is killed, and the test fails.
  private static func exit(of process: Process) async throws -> Int32 {
    let deadline = ContinuousClock.now + .seconds(20)
    while process.isRunning {
      guard ContinuousClock.now < deadline else {
        kill(process.processIdentifier, SIGKILL)
        throw POSIXError(.ETIMEDOUT)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    return process.terminationStatus
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
    let handle = FileHandle(fileDescriptor: far, closeOnDealloc: false)
    let process = try start(port: port, arguments) {
      $0.environment = ProcessInfo.processInfo.environment.merging(["TERM": kind]) { $1 }
      ($0.standardInput, $0.standardOutput, $0.standardError) = (handle, handle, handle)
    }
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
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
    private let process: Process
    private var bytes: [UInt8] = []
    /// Where the next wait begins to look: behind what the last one has found.
    private var position = 0

    /// Everything that the person has seen so far.
    var seen: String { String(decoding: bytes, as: UTF8.self) }

    init(near: CInt, far: CInt, process: Process) {
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
      kill(process.processIdentifier, number)
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
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        if status.split(separator: ")").last?.hasPrefix(" T") == true { return true }
        try await Task.sleep(for: .milliseconds(5))
      }
      return false
    }

    /// Waits for the end: the exit code, or the signal that ended it as a negative number.
    func ended() async throws -> Int32 {
      let status = try await ChatProgram.exit(of: process)
      return process.terminationReason == .uncaughtSignal ? -status : status
    }
  }
}
