// Owns: one run of `kabar bench`: start what is measured, measure, show, end what was started.
// Must never: let an interrupted run leave a process or a folder.
// Runs on: the main thread, which waits for signals; the measuring itself on tasks.
import ArgumentParser
import Bench
import Foundation
import Glibc
import NIOCore
import NIOPosix
import RedisClient
import Supervisor
import Synchronization

/// Measures the workloads of one command line.
struct BenchRun {
  let options: BenchOptions
  let plans: [WorkloadPlan]

  /// - Throws: `ExitCode(1)` if a message was lost, doubled, reordered or damaged, or anything was refused.
  func run() throws {
    let signals = try SignalSource()
    DescriptorLimit.raise()
    let cluster = try startedCluster()
    defer { cluster?.stop() }
    if let cluster { try waitUntilReady(cluster, signals) }
    let shared = Outcome()
    let place = try place(of: cluster)
    let task = Task { [options, plans] in
      let session = BenchSession(options: options, plans: plans, place: place)
      do { shared.set(.success(try await session.measure())) } catch { shared.set(.failure(error)) }
    }
    while true {
      do { try wait(signals, cluster) } catch {
        // Time to take its accounts out of a cluster that goes on.
        task.cancel()
        let end = Date.now.addingTimeInterval(5)
        while shared.result == nil, Date.now < end { usleep(10_000) }
        throw error
      }
      if let result = shared.result {
        guard try result.get() else { throw ExitCode(1) }
        return
      }
    }
  }

  private func startedCluster() throws -> PrivateServers? {
    let durability = Durability(rawValue: options.durability) ?? .everysec
    guard options.addresses.isEmpty || options.againstRedis else { return nil }
    return try PrivateServers(
      nodes: options.addresses.isEmpty ? options.nodes : nil, threads: options.threads, durability: durability,
      hasBare: options.againstRedis)
  }

  private func place(of servers: PrivateServers?) throws -> BenchSession.Place {
    let bare = servers?.barePort.map { RedisAddress(host: "127.0.0.1", port: $0) }
    if let servers, servers.hasCluster {
      let redis = RedisAddress(host: "127.0.0.1", port: servers.redisPort)
      return BenchSession.Place(
        addresses: ["127.0.0.1:\(options.websocket ? servers.webPort : servers.port)"], redis: redis, bare: bare)
    }
    return BenchSession.Place(addresses: options.addresses, redis: try options.redis.resolved(), bare: bare)
  }

  private func waitUntilReady(_ cluster: PrivateServers, _ signals: SignalSource) throws {
    let end = Date.now.addingTimeInterval(30)
    while !cluster.isReady {
      guard Date.now < end else { throw Failure("the private cluster was not ready within 30 s") }
      try wait(signals, cluster)
    }
  }

  /// Waits a moment for a signal. Ctrl-C ends the run with status 130, as a shell expects it.
  private func wait(_ signals: SignalSource, _ cluster: PrivateServers?) throws {
    var watched = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
    poll(&watched, 1, 20)
    for signal in signals.read() {
      switch signal {
      case .stop(let number): throw ExitCode(128 + number)
      case .hangUp, .restart: throw ExitCode(128 + SIGHUP)
      case .sayMore: break
      case .childEnded: if let failure = cluster?.failure() { throw failure }
      }
    }
  }

  /// Carries the outcome from the task to the main thread.
  private final class Outcome: Sendable {
    private let value = Mutex<Result<Bool, any Error>?>(nil)
    var result: Result<Bool, any Error>? { value.withLock { $0 } }
    func set(_ result: Result<Bool, any Error>) { value.withLock { $0 = result } }
  }
}
