// Owns: a program on a terminal of a given size, what it draws and what is typed.
// Must never: wait for ever: reads don't block.
// Runs on: any thread; one test owns it.
import Foundation
import Glibc
import TestSupport

/// A pseudoterminal and the program on it.
final class WatchTerminal {
  /// TIOCSPTLCK and TIOCGPTN of Linux, which Swift does not import.
  private static let (lock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

  private let master: Int32
  private let process: TestProcess
  private(set) var output = ""

  init(_ words: [String], redis: RedisServer, columns: UInt16, rows: UInt16) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // What posix_openpt's companions do; glibc's module doesn't show them.
    var (unlocked, number): (CInt, CInt) = (0, 0)
    guard master >= 0, ioctl(master, Self.lock, &unlocked) == 0, ioctl(master, Self.number, &number) == 0 else {
      throw TestFailure("no pseudoterminal")
    }
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(slave) }
    process = try TestProcess(
      kabarProgram, words, environment: ["KABAR_REDIS": redis.url, "TERM": "xterm"], input: .descriptor(slave),
      output: .descriptor(slave), errors: .descriptor(slave))
  }

  deinit { close(master) }

  var isRunning: Bool { process.isRunning }
  /// Once it has ended.
  var status: Int32 { process.waitUntilExit() }

  func type(_ text: String) { _ = text.withCString { write(master, $0, strlen($0)) } }

  func signal(_ number: Int32) { process.signal(number) }

  /// Whether echo and line editing are on, as a shell has them.
  var isAsBefore: Bool {
    var settings = termios()
    guard tcgetattr(master, &settings) == 0 else { return false }
    let flags = tcflag_t(ICANON | ECHO | ISIG)
    return settings.c_lflag & flags == flags
  }

  /// Waits until what it has drawn holds this.
  func shows(_ text: String, within seconds: Double = 8) async -> Bool {
    await eventually(within: seconds) {
      self.readOn()
      return self.output.contains(text)
    }
  }

  /// Forgets what was drawn.
  func forget() {
    readOn()
    output = ""
  }

  /// The lines of the last page that was drawn as a whole.
  var page: [String] {
    readOn()
    let pages = output.components(separatedBy: "\u{1B}[H").filter { $0.contains("\u{1B}[J") && $0.contains("q: leave") }
    let last = pages.last?.components(separatedBy: "\u{1B}[J").first ?? ""
    return last.components(separatedBy: "\r\n").map { $0.replacingOccurrences(of: "\u{1B}[K", with: "") }
  }

  private func readOn() {
    var space = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(master, &space, space.count), count > 0 {
      output += String(decoding: space.prefix(count), as: UTF8.self)
    }
  }
}
