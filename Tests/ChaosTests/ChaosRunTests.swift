// Owns: a short run against the real program, and the proof that a run can fail.
// Must never: break a promise in the product: the fault proxy does it, on the wire between node and Redis.
// Runs on: swift-testing; each run is the `chaos` program with processes of its own.
import Foundation
import TestSupport
import Testing

@testable import chaos

@Suite(.serialized) struct ChaosRunTests {
  /// What `chaos --json` prints, as far as it is looked at here.
  private struct Outcome: Decodable {
    let isClean: Bool
    let acknowledged: Int
    let violations: [String: Int]
    let details: [String]
    let faults: [String: Int]

    func count(_ rule: Verdict.Rule) -> Int { violations[rule.rawValue] ?? 0 }
  }

  /// Starts the program beside the test runner. What it can't remove after a SIGKILL is in the folder of the test.
  private func start(_ arguments: [String], in folder: TestFolder) throws -> TestProcess {
    return try TestProcess(
      builtProgram("chaos"), arguments + ["--kabar", kabarProgram], environment: ["TMPDIR": folder.path],
      output: "\(folder.path)/out")
  }

  /// Runs the program beside the test runner and answers what it printed and its exit status.
  private func chaos(_ arguments: String...) throws -> (outcome: Outcome, status: Int32) {
    let folder = try TestFolder()
    let process = try start(arguments + ["--json"], in: folder)
    let status = process.waitUntilExit()
    guard let outcome = try? JSONDecoder().decode(Outcome.self, from: Data(process.text.utf8)) else {
      throw TestFailure("chaos ended with \(status): \(process.text)")
    }
    return (outcome, status)
  }

  @Test func `a short run with faults keeps every promise`() throws {
    let (outcome, status) = try chaos("--seconds", "12", "--seed", "7")
    #expect(outcome.details == [])
    #expect(outcome.isClean)
    #expect(status == 0)
    #expect(outcome.acknowledged > 100)
    #expect((outcome.faults[FaultKind.killNode.rawValue] ?? 0) >= 2)
    #expect((outcome.faults[FaultKind.killRedis.rawValue] ?? 0) >= 1)
  }

  @Test(arguments: [
    (Sabotage.acknowledgeWithoutStoring, Verdict.Rule.lost),
    (.popOnRead, .lost),
    (.storeTwice, .storedTwice),
    (.swap, .reordered),
    (.forgetTags, .storedTwice),
    (.skipPushed, .numbering),
  ])
  func `a broken guarantee is found and named`(sabotage: Sabotage, rule: Verdict.Rule) throws {
    // No other fault: the sabotage alone must be what is found.
    let (outcome, status) = try chaos(
      "--seconds", "3", "--seed", "7", "--faults-per-minute", "0", "--sabotage", sabotage.rawValue)
    #expect(status == 1)
    #expect(!outcome.isClean)
    #expect(outcome.count(rule) > 0, "\(outcome.violations)")
    #expect(outcome.details.contains { $0.hasPrefix(rule.rawValue) })
    let others = Verdict.Rule.allCases.filter {
      $0 != rule && $0 != .incident && $0 != .numbering && !(rule == .numbering && $0 == .lost)
    }
    #expect(others.allSatisfy { outcome.count($0) == 0 }, "\(outcome.violations)")
  }

  @Test(arguments: [SIGINT, SIGKILL]) func `no process is left, however it ends`(signal: Int32) async throws {
    let folder = try TestFolder()
    let process = try start(["--seconds", "60"], in: folder)
    // Redis and three nodes.
    #expect(await eventually { Self.children(of: process.pid).count == 4 })
    let children = Self.children(of: process.pid)
    process.signal(signal)
    #expect(process.waitUntilExit() == (signal == SIGINT ? 130 : SIGKILL))
    #expect(await eventually(within: 5) { children.allSatisfy { kill($0, 0) != 0 } })
  }

  /// The processes that a process has started.
  private static func children(of parent: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      // pid (name) state parent …; the name may hold anything.
      let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
      return fields.count > 2 && fields[2] == "\(parent)"
    }
  }
}
