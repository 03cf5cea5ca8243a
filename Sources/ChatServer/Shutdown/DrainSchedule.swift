// When each connection of a node that drains has to go.
// Never all at the same moment: the other nodes are to take them one by one.
// Pure value; any thread.

import NIOCore

/// The time of a drain, divided among the connections.
struct DrainSchedule {
  private let begin: NIODeadline
  /// How much of the time the departures are spread over.
  private let spread: TimeAmount
  /// How long after its departure the node ends a connection itself; what is left of the time is for the last replies.
  let grace: TimeAmount

  /// A drain that is over `time` after `begin`.
  init(begin: NIODeadline, time: TimeAmount) {
    self.begin = begin
    spread = .nanoseconds(time.nanoseconds / 10 * 7)
    grace = .nanoseconds(time.nanoseconds / 10 * 2)
  }

  /// When one connection shall go: any moment of the time, each as likely.
  func departure(using generator: inout some RandomNumberGenerator) -> NIODeadline {
    begin + .nanoseconds(Int64.random(in: 0...max(spread.nanoseconds, 0), using: &generator))
  }
}
