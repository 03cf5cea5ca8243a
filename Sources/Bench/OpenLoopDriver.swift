// Owns: the clock of an open loop.
// Must never: wait for an answer.
// Runs on: the generator's event loop.
import NIOCore

/// Calls `body` with each operation when its time has come, and `flush` behind all that were due. The event loop may be late:
/// the planned time is handed on.
final class OpenLoopDriver {
  private let eventLoop: any EventLoop
  private var schedule: OpenLoop
  private let body: (_ number: Int, _ planned: UInt64) -> Void
  private let flush: () -> Void
  private var isStopped = false
  /// Between two looks: at high rates several operations leave together.
  private static let grain: UInt64 = 50_000
  /// A core that sleeps wakes some 20 µs late, which is no matter of the server's: the timer is set earlier, and what is left is waited
  /// out awake.
  private static let lead: UInt64 = 15_000

  init(
    _ schedule: OpenLoop, on eventLoop: any EventLoop, flush: @escaping () -> Void = {},
    _ body: @escaping (_ number: Int, _ planned: UInt64) -> Void
  ) {
    (self.schedule, self.eventLoop, self.flush, self.body) = (schedule, eventLoop, flush, body)
  }

  /// Every operation has been issued, or none will be any more.
  var isDone: Bool { isStopped || schedule.next == nil }

  /// No operation is issued any more.
  func stop() { isStopped = true }

  /// Issues what is due, and comes again for the next.
  func run() {
    guard !isStopped, let first = schedule.next else { return }
    while case let now = NIODeadline.now().uptimeNanoseconds, now < first, first - now <= Self.lead {}
    while let (number, planned) = schedule.issue(now: NIODeadline.now().uptimeNanoseconds) { body(number, planned) }
    flush()
    guard let next = schedule.next else { return }
    let time = max(next - min(next, Self.lead), NIODeadline.now().uptimeNanoseconds + Self.grain)
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(deadline: .uptimeNanoseconds(time)) { bound.value.run() }
  }
}
