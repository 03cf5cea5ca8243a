// Owns: carrying out a plan of faults and ending each of them.
// Must never: leave a fault behind after `heal`.
// Runs on: the main thread.
import Foundation
import Glibc

/// Does to a cluster what a plan says, when it says it.
final class FaultInjector {
  private let cluster: Cluster
  private let recorder: Recorder
  private let begin: Int
  private var planned: ArraySlice<PlannedFault>
  private var endings: [(at: Int, end: () -> Void)] = []
  /// Memory must be given back, whatever Redis does meanwhile.
  private var isMemoryFull = false
  private(set) var counts: [FaultKind: Int] = [:]
  /// What was done when, for the report.
  private(set) var log: [String] = []

  init(_ plan: FaultPlan, _ cluster: Cluster, _ recorder: Recorder) {
    (self.cluster, self.recorder) = (cluster, recorder)
    planned = plan.faults[...]
    begin = FaultProxy.now()
  }

  /// Begins and ends what is due, starts again what was killed.
  func step() throws {
    let now = FaultProxy.now()
    for ending in endings where ending.at <= now { ending.end() }
    endings.removeAll { $0.at <= now }
    while let fault = planned.first, begin + fault.at <= now {
      planned.removeFirst()
      if inject(fault, until: now + fault.duration) {
        counts[fault.kind, default: 0] += 1
        log.append("\(recorder.time) ms: \(fault)")
      } else {
        postpone(fault)
      }
    }
    for crash in try cluster.mend() { recorder.incident(crash) }
  }

  /// Ends every fault. False: Redis can't be told yet; ask again.
  func heal() throws -> Bool {
    planned = []
    for ending in endings { ending.end() }
    endings = []
    cluster.proxy.heal()
    for crash in try cluster.mend() { recorder.incident(crash) }
    return freeMemory()
  }

  /// Redis is dead or stopped, so it can't be told: a little later.
  private func postpone(_ fault: PlannedFault) {
    var later = fault
    later.at = FaultProxy.now() - begin + 200
    planned.insert(later, at: planned.firstIndex { $0.at > later.at } ?? planned.endIndex)
  }

  private func inject(_ fault: PlannedFault, until end: Int) -> Bool {
    let (cluster, node) = (cluster, fault.node)
    switch fault.kind {
    case .killNode: cluster.killNode(node)
    case .killRedis:
      cluster.killRedis()
      endings.append(
        (
          end,
          { [recorder] in
            do { try cluster.startRedis() } catch { recorder.incident("Redis can't be started: \(error)") }
          }
        ))
    case .stopNode:
      let pause = recorder.pause()
      cluster.signalNode(node, SIGSTOP)
      endings.append(
        (
          end,
          { [recorder] in
            cluster.signalNode(node, SIGCONT)
            recorder.resume(pause)
          }
        ))
    case .stopRedis:
      cluster.signalRedis(SIGSTOP)
      endings.append((end, { cluster.signalRedis(SIGCONT) }))
    case .dropConnections: cluster.proxy.set(node) { $0.drops += 1 }
    case .delay:
      cluster.proxy.set(node) { weather in
        weather.lag = fault.lag
        weather.lagUntil = end
      }
    case .swallow: cluster.proxy.set(node) { $0.swallowUntil = max($0.swallowUntil, end) }
    case .flushScripts: return (try? cluster.command("SCRIPT FLUSH")) != nil
    case .killClients: return (try? cluster.command("CLIENT KILL TYPE normal")) != nil
    case .killSubscribers: return (try? cluster.command("CLIENT KILL TYPE pubsub")) != nil
    case .fillMemory:
      guard (try? cluster.command("CONFIG SET maxmemory 1")) == "+OK" else { return false }
      isMemoryFull = true
      endings.append((end, { [unowned self] in releaseMemory() }))
    }
    return true
  }

  private func releaseMemory() {
    if !freeMemory() { endings.append((FaultProxy.now() + 100, { [unowned self] in releaseMemory() })) }
  }

  private func freeMemory() -> Bool {
    if isMemoryFull { isMemoryFull = (try? cluster.command("CONFIG SET maxmemory 0")) != "+OK" }
    return !isMemoryFull
  }
}
