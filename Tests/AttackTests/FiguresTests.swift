// Owns: that percentiles and failures are counted right.
// Must never: start a process.
// Runs on: swift-testing.
import Testing

@testable import attack

@Suite struct FiguresTests {
  @Test func `each operation ends as measured or as failed`() throws {
    let ledger = Ledger()
    #expect(ledger.phase == nil)
    ledger.begin()
    let phase = try #require(ledger.phase)
    for _ in 0..<3 { ledger.planned(in: phase) }
    ledger.measured(.request, planned: Moment.now() - 7_000_000, in: phase)
    ledger.failed(.login, "late", in: phase)
    ledger.end()
    #expect(!ledger.isSettled)
    ledger.failed(.login, "late", in: phase)
    #expect(ledger.isSettled)
    let figures = ledger.last
    #expect(figures.failures == ["login: late": 2])
    #expect(figures.count(.request) == 1)
    let slowest = try #require(figures.percentile(0.99, .request))
    #expect(slowest >= 7)
    #expect(figures.percentile(0.99, .push) == nil)
    #expect((figures + figures).failed == 4)
  }

  @Test func `the 99th of a hundred is the second largest`() throws {
    let ledger = Ledger()
    ledger.begin()
    // Each 1 s longer than the one before: what the test itself takes doesn't matter.
    for second in 1...100 {
      ledger.planned(in: 0)
      ledger.measured(.request, planned: Moment.now() - second * 1_000_000_000, in: 0)
    }
    let figures = ledger.last
    for (share, second) in [(0.99, 99), (0.5, 50), (1, 100)] {
      let found = try #require(figures.percentile(share, .request))
      #expect((second * 1000..<second * 1000 + 900).contains(Int(found)), "\(share)")
    }
  }
}
