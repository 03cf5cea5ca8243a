// Owns: one run from the first process to the verdict.
// Must never: last longer than its bounds, or leave a process.
// Runs on: the main thread; each client on a thread of its own.
import Foundation
import Glibc
import Synchronization
import TestSupport

/// What to run.
struct ChaosSettings: Sendable {
  /// The `kabar` program.
  var program: String
  var seconds: Int
  var seed: UInt64
  var nodes: Int
  var faultsPerMinute: Int
  var sabotage: Sabotage?
}

/// What came of it.
struct ChaosResult {
  var verdict: Verdict
  var faults: [FaultKind: Int]
  /// What was done when.
  var log: [String]
}

/// A run was ended from outside.
struct Interrupted: Error {}

/// Set by SIGINT and SIGTERM.
let isInterrupted = Atomic<Bool>(false)

/// Senders and collectors against a cluster on which faults rain.
final class ChaosRun {
  /// After the faults: repeating tagged messages, then emptying the inboxes, in milliseconds. A full inbox may wait some
  /// 20 s for a listener whose node was killed.
  private static let settling = 30_000
  private static let draining = 20_000
  /// Messages of one sender, at most.
  private static let mostMessages = 50_000

  private static let senders: [(name: String, style: SenderStyle)] = [
    ("gary", SenderStyle(depth: 1, tagged: 0)),
    ("henderson", SenderStyle(depth: 16, tagged: 0)),
    ("lineker", SenderStyle(depth: 1, tagged: 100)),
    ("messi", SenderStyle(depth: 16, tagged: 100)),
    ("slamet", SenderStyle(depth: 16, tagged: 50)),
    ("zola", SenderStyle(depth: 4, tagged: 30)),
  ]
  private static let collectors = ["arini", "budi", "citra", "dewi", "eko"]
  private static let listeners = ["fajar", "gita", "hesti"]
  private static var recipients: [String] { collectors + listeners }

  private let settings: ChaosSettings
  private let recorder = Recorder()
  private let progress: ProgressLine

  init(_ settings: ChaosSettings) {
    self.settings = settings
    progress = ProgressLine(seconds: settings.seconds)
  }

  /// Runs it all; throws when the cluster can't be started, or on `Interrupted`.
  func run() throws -> ChaosResult {
    let accounts = Self.senders.map(\.name) + Self.recipients
    let cluster = try Cluster(
      program: settings.program, nodes: settings.nodes, accounts: accounts, sabotage: settings.sabotage)
    defer {
      recorder.phase = .over
      cluster.stop()
      progress.finish()
    }
    let senders = startSenders(port: cluster.port)
    let collectors = startCollectors(port: cluster.port)
    let plan = FaultPlan(
      seed: settings.seed, seconds: settings.seconds, nodes: settings.nodes, perMinute: settings.faultsPerMinute)
    let injector = FaultInjector(plan, cluster, recorder)
    _ = try wait(settings.seconds * 1000) {
      try injector.step()
      return false
    }
    recorder.phase = .settling
    var isHealed = false
    let isSettled = try wait(Self.settling) {
      if isHealed { try injector.step() } else { isHealed = try injector.heal() }
      return isHealed && senders.isOver
    }
    if !isSettled {
      recorder.incident("tagged messages were still not acknowledged \(Self.settling) ms after all faults")
    }
    recorder.phase = .draining
    let isDrained = try wait(Self.draining) {
      try injector.step()
      return senders.isOver && collectors.isOver
    }
    if !isDrained { recorder.incident("the inboxes were still not empty \(Self.draining) ms later") }
    recorder.phase = .over
    return ChaosResult(verdict: Verdict(recorder.history()), faults: injector.counts, log: injector.log)
  }

  /// Steps every 10 ms, at most so long; answers whether `isDone` said so.
  private func wait(_ milliseconds: Int, _ isDone: () throws -> Bool) throws -> Bool {
    let end = FaultProxy.now() + milliseconds
    while FaultProxy.now() < end {
      if isInterrupted.load(ordering: .relaxed) { throw Interrupted() }
      if try isDone() { return true }
      let figures = recorder.figures
      progress.show(recorder.phase, acknowledged: figures.acknowledged, requests: figures.requests)
      usleep(10_000)
    }
    return false
  }

  private func startSenders(port: Int) -> ThreadGroup {
    let group = ThreadGroup()
    for (index, sender) in Self.senders.enumerated() {
      let random = SeededGenerator(seed: settings.seed, stream: UInt64(100 + index))
      group.start { [recorder] in
        Sender(
          sender.name, to: Self.recipients, sender.style, port: port, most: Self.mostMessages, random: random, recorder
        ).run()
      }
    }
    return group
  }

  private func startCollectors(port: Int) -> ThreadGroup {
    let group = ThreadGroup()
    for (index, name) in Self.recipients.enumerated() {
      let random = SeededGenerator(seed: settings.seed, stream: UInt64(200 + index))
      let listens = Self.listeners.contains(name)
      group.start { [recorder] in
        if listens {
          Listener(name, port: port, random: random, recorder).run()
        } else {
          Collector(name, port: port, random: random, recorder).run()
        }
      }
    }
    return group
  }
}

/// Threads that can be asked whether they are over.
final class ThreadGroup: Sendable {
  private let running = Mutex(0)

  var isOver: Bool { running.withLock { $0 == 0 } }

  func start(_ body: @escaping @Sendable () -> Void) {
    running.withLock { $0 += 1 }
    Thread {
      body()
      self.running.withLock { $0 -= 1 }
    }.start()
  }
}
