// Owns: one process that a test has started, its output in a file.
// Must never: outlive its test: it is killed with this object.
// Runs on: any thread; one test owns it.
import Foundation
import Synchronization

/// A child process with stdout and stderr in one file.
public final class TestProcess: Sendable {
  private let process: Mutex<Process>
  /// The process id.
  public let pid: Int32
  private let output: String

  /// Starts a program, found in PATH if it has no slash.
  public init(_ program: String, _ arguments: [String], environment: [String: String] = [:], output: String) throws {
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let handle = FileHandle(forWritingAtPath: output) ?? .nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    pid = process.processIdentifier
    self.output = output
    self.process = Mutex(process)
  }

  deinit { kill() }

  /// Everything that it has written.
  public var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

  /// Whether it has not ended.
  public var isRunning: Bool { process.withLock { $0.isRunning } }

  /// Sends a signal.
  public func signal(_ number: Int32) { _ = Glibc.kill(pid, number) }

  /// SIGKILL, and waits for the end.
  public func kill() {
    guard isRunning else { return }
    signal(SIGKILL)
    waitUntilExit()
  }

  /// SIGTERM, waits, and answers the exit status.
  @discardableResult
  public func terminate() -> Int32 {
    if isRunning { signal(SIGTERM) }
    return waitUntilExit()
  }

  /// Waits for the end and answers the exit status.
  @discardableResult
  public func waitUntilExit() -> Int32 {
    while isRunning { usleep(5000) }
    return process.withLock { $0.terminationStatus }
  }
}

/// The `kabar` program, built beside the test runner.
public var kabarProgram: String {
  let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return (runner as NSString).deletingLastPathComponent + "/kabar"
}
