// Owns: what a report calls broken, what it calls slow, and what it lets pass.
// Must never: start a process.
// Runs on: swift-testing.
import Testing

@testable import attack

@Suite struct ReportTests {
  private static let hashKiB = 64 * 1024

  /// 100 operations of each kind, of so many milliseconds, and what failed.
  private func figures(_ milliseconds: Int, failures: [String] = []) -> Figures {
    let ledger = Ledger()
    ledger.begin()
    for operation in Operation.allCases {
      for _ in 0..<100 {
        ledger.planned(in: 0)
        ledger.measured(operation, planned: Moment.now() - milliseconds * 1_000_000, in: 0)
      }
    }
    for reason in failures {
      ledger.planned(in: 0)
      ledger.failed(.request, reason, in: 0)
    }
    return ledger.last
  }

  private func row(
    _ figures: Figures, _ kind: any Attack.Type = GarbageFlood.self, findings: [String] = [], kept: Int = 0,
    taken: Int = 0
  ) -> Row {
    let outcome = Outcome(totals: Swarm.Totals(), left: 0, findings: findings, processor: 1)
    return Row(
      kind: kind, outcome: outcome, figures: figures,
      memory: Memory(before: 1000, held: 1000 + kept, peak: 1000 + taken), nodesProcessor: 1, crashes: [])
  }

  private func report(_ rows: Row..., leaks: [String] = []) -> Report {
    Report(RunResult(quiet: figures(100), rows: rows, hashKiB: Self.hashKiB, leaks: leaks), seconds: 10)
  }

  @Test func `what is as quick as undisturbed passes, and is shown`() {
    let report = report(row(figures(150)))
    #expect(report.isSafe && report.isInTime)
    #expect(report.text().contains("garbage"))
    #expect(report.text().contains("No attack got"))
  }

  @Test func `more than twice as slow is slow, but not broken`() throws {
    let report = report(row(figures(300)))
    #expect(report.isSafe && !report.isInTime)
    #expect(report.text().contains("SLOW    garbage: p99 of a push"))
    let ratio = try #require(report.lines.first?.ratio)
    #expect(ratio > 2.5)
  }

  @Test func `a few milliseconds are no harm, and what the processor alone costs is no attack`() {
    let quick = Report(RunResult(quiet: figures(1), rows: [row(figures(10))], hashKiB: 0, leaks: []), seconds: 10)
    #expect(quick.isInTime)
    #expect(!report(row(figures(300)), row(figures(120), BurnedProcessor.self)).isInTime)
    #expect(report(row(figures(300)), row(figures(200), BurnedProcessor.self)).lines.first?.slow == [])
  }

  @Test(arguments: ["late", "unavailable"]) func `a request that was not answered in time is slow`(reason: String) {
    let report = report(row(figures(100, failures: [reason])))
    #expect(report.isSafe && !report.isInTime)
  }

  @Test(arguments: ["closed", "too_many_attempts", "invalid_session"])
  func `a request that was refused is broken`(reason: String) {
    let report = report(row(figures(100, failures: [reason])))
    #expect(!report.isSafe)
    #expect(report.text().contains("BROKEN  garbage"))
  }

  @Test func `what the nodes keep is bounded, and what they take for a moment leaves room for hashes`() {
    let bound = GarbageFlood.memoryBound
    #expect(report(row(figures(100), kept: bound, taken: bound + Self.hashKiB)).isSafe)
    #expect(!report(row(figures(100), kept: bound + 1, taken: bound + 1)).isSafe)
    #expect(!report(row(figures(100), kept: 0, taken: bound + Self.hashKiB + 1)).isSafe)
    #expect(report(row(figures(100), HashStorm.self, kept: bound + Self.hashKiB, taken: bound)).isSafe)
  }

  @Test func `what an attack got and a secret in a log are broken`() {
    #expect(!report(row(figures(100), findings: ["a login"])).isSafe)
    #expect(!report(row(figures(100)), leaks: ["the log of node 0"]).isSafe)
  }
}
