// Owns: one `kabar up` under test: its process, its files, and what is left of it in the process table.
// Must never: outlive its test: `stop()` ends every process that came from it.
// Runs on: any thread; one test owns it.
import Foundation
import Glibc
import Testing

import class TestSupport.TestProcess
import var TestSupport.kabarProgram

@testable import Supervisor

/// `kabar up` with stand-in nodes, as a process of its own, with stdout and stderr in files.
final class UpProcess {
  /// Everything of this test: data, output, script.
  let folder: String
  let pid: Int32
  private let process: ChildProcess
  private var status: ExitReason?

  /// Starts `kabar up` on `port` with the data folder `data` (default: one of its own), with further options and
  /// settings in the environment.
  init(
    port: Int, data: String? = nil, nodes: Int = 3, behaviour: StandInNode.Behaviour = .normal, path: String? = nil,
    options: [String] = [], settings: [String: String] = [:]
  ) throws {
    let unique = "kabar-up-\(UUID().uuidString)"
    folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(path: unique).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let script = "\(folder)/node"
    try StandInNode.script.write(toFile: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = path ?? environment["PATH"]
    environment["TMPDIR"] = folder
    environment.merge(settings) { $1 }
    environment["KABAR_TEST_LOG"] = "\(folder)/log"
    environment["KABAR_TEST_NODE"] = behaviour.rawValue
    let arguments = [
      "up", "--port", "\(port)", "--nodes", "\(nodes)", "--data", data ?? "\(folder)/data", "--node-program", script,
      "--no-demo-accounts",
    ]
    pid = try Self.spawn(arguments + options, environment: environment, folder: folder)
    process = ChildProcess(pid: pid)
  }

  static func spawn(_ arguments: [String], environment: [String: String], folder: String) throws -> Int32 {
    try TestProcess.spawn(
      kabarProgram, arguments, environment: environment, output: .file("\(folder)/stdout"),
      errors: .file("\(folder)/stderr"))
  }

  var stdout: [String] { lines("stdout") }
  var stderr: [String] { lines("stderr") }
  /// What the stand-ins wrote.
  var log: [String] { lines("log") }

  private func lines(_ name: String) -> [String] {
    let text = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// Waits for the line that begins with "ready".
  func waitUntilReady() async throws {
    let isReady = await eventually { self.stdout.contains { $0.hasPrefix("ready") } || self.hasEnded }
    try #require(isReady && !hasEnded, "not ready: \(stdout) \(stderr)")
  }

  /// The pid that the table shows for a process.
  func tablePid(_ name: String) throws -> Int32 {
    let row = try #require(stdout.first { $0.split(separator: " ").prefix(2) == [Substring(name), "pid"] })
    return try #require(row.split(separator: " ").last.flatMap { Int32($0) })
  }

  /// Waits for the line that tells of a restart and returns the new pid.
  func waitForReturn(of name: String) async throws -> Int32 {
    let start = "kabar up: \(name) is ready again (pid "
    #expect(await eventually { self.stderr.contains { $0.hasPrefix(start) } }, "\(stderr)")
    let line = try #require(stderr.first { $0.hasPrefix(start) })
    return try #require(Int32(line.dropFirst(start.count).dropLast()))
  }

  /// The port in the first `redis-cli -p PORT`.
  func redisPort() throws -> Int {
    let line = try #require(stdout.first { $0.contains("redis-cli -p ") })
    return try #require(line.split(separator: " ").last.flatMap { Int($0) })
  }

  /// How it ended; nil while it runs.
  var ending: ExitReason? {
    if status == nil { status = process.reap() }
    return status
  }

  var hasEnded: Bool { ending != nil }

  /// Waits for the end.
  func waitForEnd() async throws -> ExitReason {
    #expect(await eventually { self.hasEnded }, "still running: \(stderr)")
    return try #require(ending)
  }

  /// Every living process that it started, itself included: they all share its stderr, which is a file of this test.
  /// (Neither the environment nor the command line will do: Redis writes over both.)
  var processes: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      // Dead processes that wait for their parent have no descriptors any more.
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/2")
      return target == "\(folder)/stderr"
    }
  }

  /// Ends all that is left and removes the files.
  func stop() {
    for pid in processes { kill(pid, SIGKILL) }
    while !hasEnded { usleep(10_000) }
    try? FileManager.default.removeItem(atPath: folder)
  }
}

/// Asks every 20 ms until `condition` holds; false after `seconds`. The bound is for slow machines: a passing test
/// doesn't wait for it.
func eventually(within seconds: Int = 60, _ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return condition()
}
