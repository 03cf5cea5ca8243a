// Owns: when connections of a node that drains have to go.
// Must never: wait: the clock is an argument.
// Runs on: swift-testing.
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

@Suite struct DrainScheduleTests {
  @Test func `departures are spread over the time, and the last one leaves room for its end`() {
    let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    let schedule = DrainSchedule(begin: begin, time: .seconds(10))
    var generator = SeededGenerator(seed: 7)
    var tenths = [Int](repeating: 0, count: 10)
    for _ in 0..<1000 {
      let departure = schedule.departure(using: &generator)
      #expect(departure >= begin && departure + schedule.grace <= begin + .seconds(9))
      tenths[Int((departure - begin).nanoseconds / 1_000_000_000)] += 1
    }
    #expect(tenths[..<7].allSatisfy { (90...200).contains($0) }, "\(tenths)")
  }
}
