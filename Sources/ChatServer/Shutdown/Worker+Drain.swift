// The connections of one event loop go to other nodes, one after the other.
// Never ends one before it could have gone by itself, and never in the middle of a request.
// On its event loop.

import ChatProtocol
import NIOCore

extension Worker {
  /// Sends every connection elsewhere within `time`, each at a moment of its own; the future succeeds when none is left.
  func drain(within time: TimeAmount) -> EventLoopFuture<Void> {
    drainSchedule = DrainSchedule(begin: .now(), time: time)
    for connection in openConnections { scheduleDeparture(of: connection) }
    return whenEmpty()
  }

  /// For a connection that is open when the drain begins, or that was being accepted then.
  func scheduleDeparture(of connection: ConnectionHandler) {
    guard let drainSchedule else { return }
    var generator = SystemRandomNumberGenerator()
    let departure = drainSchedule.departure(using: &generator)
    connection.departs(at: departure)
    eventLoop.assumeIsolated().scheduleTask(deadline: departure + drainSchedule.grace) { [weak connection] in
      connection?.depart()
    }
  }
}

extension ConnectionHandler {
  /// The connection has so long to go elsewhere. Who listens is told; others know no events, and find it closed.
  func departs(at departure: NIODeadline) {
    self.departure = departure
    tellDeparture()
  }

  /// Says when to go, once there is somebody who listens.
  func tellDeparture() {
    guard let departure, isListening else { return }
    let left = max(departure - .now(), .zero)
    push(.drain(reconnectAfter: Int(left.nanoseconds / 1_000_000)))
  }
}
