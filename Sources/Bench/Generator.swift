// Owns: the phases of a measurement: connect, begin, wait, read the clocks.
// Must never: do anything per message: the connections' roles do.
// Runs on: one event loop, which is this actor's executor, so that connections and phases share their state without locks.
import NIOCore
import NIOPosix

/// One measurement as it was asked for.
package struct LoadShape: Sendable {
  /// Connections that send, log in, or change.
  package var connections = 64
  /// Requests that each keeps on its way in a closed loop.
  package var inFlight = 1
  /// Bytes of a message's text, `MessageNumber.shortestText`…4,000.
  package var payload = 64
  /// Operations in all.
  package var operations = 100_000
  /// Open loop: operations a second; nil for a closed loop.
  package var rate: Double?
  /// Nothing begins after so many seconds.
  package var seconds = 30.0
  /// Connections that receive.
  package var receivers = 100
  /// What makes the tags of this run's sends its own; nil for plain sends.
  package var tagRun: String?
  /// Which measurement of a run it is, from 0: messages of an earlier one are known by their numbers.
  package var round = 0

  /// The defaults.
  package init() {}
}

/// Why a measurement could not be made.
package struct LoadFailure: Error, CustomStringConvertible, Sendable {
  /// One line for people.
  package let description: String

  /// - Parameter description: one line for people.
  package init(_ description: String) { self.description = description }
}

/// Puts load on one server at a time. One generator serves both sides of a comparison, by the same code.
package actor Generator {
  /// Told now and then how many of how many operations are done.
  package typealias ProgressNote = @Sendable (_ done: Int, _ total: Int) -> Void

  let eventLoop: any EventLoop
  private let executor: any SerialExecutor
  private let note: ProgressNote
  /// Only for tests: what `Traffic.dropped` says.
  let dropped: MessageNumber?

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A generator on `eventLoop`, which nothing else should use.
  package init(
    on eventLoop: any EventLoop, dropped: MessageNumber? = nil, progress: @escaping ProgressNote = { _, _ in }
  ) {
    self.eventLoop = eventLoop
    executor = eventLoop.executor
    self.dropped = dropped
    note = progress
  }

  /// Nanoseconds of the monotonic clock.
  var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

  /// Waits until `condition` holds, looking every 10 ms (the roles note the exact time of what they wait for); false if it does not within so many seconds.
  func wait(
    _ seconds: Double, progress: (() -> (done: Int, total: Int))? = nil, _ condition: () -> Bool
  ) async throws -> Bool {
    let end = now + UInt64(seconds * 1e9)
    var noteAt = now
    while !condition() {
      guard now < end else { return false }
      if let progress, now >= noteAt {
        let (done, total) = progress()
        note(done, total)
        noteAt = now + 100_000_000
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return true
  }

  /// Lets the server come to rest before the clocks are read.
  func rest(_ seconds: Double = 0.3) async throws { try await Task.sleep(for: .seconds(seconds)) }

  /// Logs connections in, not all at once: a listener's backlog is bounded.
  func connect(_ roles: [any ConnectionRole], _ connector: Connector, _ traffic: Traffic) async throws {
    let wanted = traffic.ready + roles.count
    let hasFailed = { traffic.broken > 0 || traffic.refusals != Refusals() }
    var opened = traffic.ready
    for role in roles where !hasFailed() {
      connector.open(role)
      opened += 1
      _ = try await wait(10) { traffic.ready + 32 > opened || hasFailed() }
    }
    _ = try await wait(10) { traffic.ready == wanted || hasFailed() }
    guard traffic.ready < wanted || hasFailed() else { return }
    let reason = traffic.refusals == Refusals() ? "\(traffic.broken) broke" : "refused: \(traffic.refusals)"
    let advice = traffic.refusals.areLimits ? "; the nodes must run with --limits off (KABAR_LIMITS=off)" : ""
    throw LoadFailure("\(traffic.ready) of \(wanted) connections could be logged in (\(reason))\(advice)")
  }
}
