// Owns: that an open loop keeps its plan whatever happens.
// Must never: sleep or read a clock.
// Runs on: any thread.
import Testing

@testable import Bench

@Suite struct OpenLoopTests {
  @Test func `operations are planned at even distances from the beginning`() {
    var loop = OpenLoop(begin: 1000, rate: 2_000_000, count: 4)
    var planned: [UInt64] = []
    while let (number, time) = loop.issue(now: 10_000) {
      #expect(number == planned.count)
      planned.append(time)
    }
    #expect(planned == [1000, 1500, 2000, 2500])
    #expect(loop.next == nil)
  }

  @Test func `nothing is issued before its time`() {
    var loop = OpenLoop(begin: 1000, rate: 1_000_000, count: 2)
    let early = loop.issue(now: 999)
    let first = loop.issue(now: 1000)
    let second = loop.issue(now: 1999)
    #expect(early == nil)
    #expect(first?.planned == 1000)
    #expect(second == nil)
    #expect(loop.next == 2000)
  }

  @Test func `after a standstill what was missed keeps its planned time`() {
    var loop = OpenLoop(begin: 0, rate: 1000, count: 100)
    _ = loop.issue(now: 0)
    var waited: [UInt64] = []
    while let (_, planned) = loop.issue(now: 50_000_000) { waited.append(50_000_000 - planned) }
    #expect(waited.count == 50)
    #expect(waited.first == 49_000_000)
    #expect(waited.last == 0)
  }

  @Test func `a rate that is no whole number of nanoseconds does not drift`() {
    var loop = OpenLoop(begin: 0, rate: 3, count: 3_000_001)
    var last: UInt64 = 0
    while let (_, planned) = loop.issue(now: .max) { last = planned }
    #expect(last == 1_000_000_000_000_000)
  }
}
