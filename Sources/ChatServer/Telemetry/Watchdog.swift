// Ends the process when one of its event loops hangs, so that whoever started it starts it anew; tells systemd that they turn.
// Never waits for a lock that a loop may hold, nor ends a process that was halted as a whole (SIGSTOP, a suspended machine).
// On two queues of its own, one that judges and one that asks: who asks a loop that hangs may hang with it.

import Dispatch
import Glibc
import Logging
import NIOCore
import Synchronization

/// Asks every event loop again and again to answer. A hung one would keep its share of the port: the kernel would go on giving it
/// connections that nobody answers.
final class Watchdog: Sendable {
  private final class Watched: Sendable {
    let loop: any EventLoop
    /// Looks that it has not answered.
    let unanswered = Atomic(1)

    init(_ loop: any EventLoop) { self.loop = loop }
  }

  /// Looks that a loop may leave unanswered: several, because after a halt the first one may come before the loops' turn.
  private static let bound = 5

  private let watched: [Watched]
  private let patience: TimeAmount?
  private let logger: Logger
  private let judging = DispatchQueue(label: "watchdog")
  private let asking = DispatchQueue(label: "watchdog.asking")
  private let isStopped = Atomic(false)

  /// Begins. `patience`: how long a loop may hang; `nil` for ever. systemd's own patience (sd_watchdog_enabled(3)) comes from
  /// `WATCHDOG_USEC`.
  init(_ loops: [any EventLoop], patience: TimeAmount?, logger: Logger) {
    watched = loops.map(Watched.init)
    (self.patience, self.logger) = (patience, logger)
    // systemd is told twice as often as its manual advises: one late look does no harm.
    let periods = [patience.map { $0.nanoseconds / Int64(Self.bound) }, Self.servicePatience.map { $0 / 4 }]
    if let period = periods.compactMap(\.self).min() { look(every: .nanoseconds(Int(period))) }
  }

  /// Ends, before the event loops do: no loop is asked after it.
  func stop() async {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    await withCheckedContinuation { asked in asking.async { asked.resume() } }
  }

  private func look(every period: DispatchTimeInterval) {
    judging.asyncAfter(deadline: .now() + period) {
      if self.isStopped.load(ordering: .sequentiallyConsistent) { return }
      self.judge()
      self.asking.async { self.ask() }
      self.look(every: period)
    }
  }

  private func judge() {
    let looks = watched.map { $0.unanswered.add(1, ordering: .relaxed).oldValue }
    if !looks.contains(where: { $0 > 0 }) { ServiceManager.notify("WATCHDOG=1") }
    if let patience, let hung = looks.firstIndex(where: { $0 >= Self.bound }) { end(hung, patience) }
  }

  private func ask() {
    if isStopped.load(ordering: .sequentiallyConsistent) { return }
    for one in watched { one.loop.execute { one.unanswered.store(0, ordering: .relaxed) } }
  }

  private func end(_ loop: Int, _ patience: TimeAmount) {
    // If the loop hangs because it can't write its log, nor can this. A handler, because the first process of a container gets no
    // signal without one.
    signal(SIGALRM) { _ in _exit(128 + SIGABRT) }
    alarm(2)
    let seconds = patience.nanoseconds / 1_000_000_000
    logger.critical(
      "an event loop hangs; this node ends, to be started anew", metadata: ["loop": "\(loop)", "seconds": "\(seconds)"])
    abort()
  }

  /// How long systemd waits, in nanoseconds; `nil` where it does not watch this process.
  private static var servicePatience: Int64? {
    func number(_ name: String) -> Int64? { getenv(name).flatMap { Int64(String(cString: $0)) } }
    guard let patience = number("WATCHDOG_USEC"), patience > 0, number("WATCHDOG_PID").map({ $0 == getpid() }) ?? true
    else { return nil }
    return patience * 1000
  }
}
