// Owns: that a seed repeats its faults, and that a run of a minute has enough of them.
// Must never: start a process.
// Runs on: swift-testing.
import Testing

@testable import chaos

@Suite struct FaultPlanTests {
  @Test func `the same seed chooses the same faults, another one others`() {
    func plan(_ seed: UInt64) -> FaultPlan { FaultPlan(seed: seed, seconds: 60, nodes: 3, perMinute: 55) }
    #expect(plan(7) == plan(7))
    #expect(plan(7) != plan(8))
  }

  @Test(arguments: 1...50) func `a minute has what the promise is measured with`(seed: UInt64) {
    let faults = FaultPlan(seed: seed, seconds: 60, nodes: 3, perMinute: 55).faults
    let counts = Dictionary(grouping: faults, by: \.kind).mapValues(\.count)
    #expect(faults.count == 55)
    #expect(Set(counts.keys) == Set(FaultKind.allCases))
    #expect((counts[.killNode] ?? 0) >= 10)
    #expect((counts[.killRedis] ?? 0) >= 3)
    #expect(faults.allSatisfy { (500..<60_000).contains($0.at) && $0.kind.duration.contains($0.duration) })
    #expect(faults.map(\.at) == faults.map(\.at).sorted())
    #expect(faults.allSatisfy { (0..<3).contains($0.node) })
  }

  @Test func `no faults may be asked for`() {
    #expect(FaultPlan(seed: 1, seconds: 60, nodes: 3, perMinute: 0).faults.isEmpty)
  }
}
