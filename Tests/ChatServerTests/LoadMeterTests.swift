// Owns: proof that a node's rate is what came between two measurements.
// Must never: wait: moments are made up.
// Runs on: swift-testing.
import ChatState
import NIOCore
import Testing

@testable import ChatServer

@Suite struct LoadMeterTests {
  @Test func `a rate needs two measurements, and is per second`() {
    var meter = LoadMeter()
    #expect(meter.load == .none)
    let start = NIODeadline.now()
    meter.measured(connections: 3, messages: 100, at: start)
    #expect(meter.load == NodeLoad(connections: 3, messages: 100, rate: 0))
    meter.measured(connections: 4, messages: 125, at: start + .seconds(2))
    #expect(meter.load == NodeLoad(connections: 4, messages: 125, rate: 12.5))
    meter.measured(connections: 0, messages: 125, at: start + .seconds(4))
    #expect(meter.load == NodeLoad(connections: 0, messages: 125, rate: 0))
    // Twice at the same moment: no rate can be told.
    meter.measured(connections: 0, messages: 130, at: start + .seconds(4))
    #expect(meter.load.rate == 0)
  }
}
