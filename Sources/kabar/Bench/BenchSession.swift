// Owns: the measuring of one run, from the accounts to the table.
// Must never: start or end a process.
// Runs on: async tasks.
import Bench
import Foundation
import Logging
import NIOCore
import NIOPosix
import RedisClient

/// Measures what is there already.
struct BenchSession: Sendable {
  /// What there is to measure.
  struct Place: Sendable {
    /// `HOST:PORT` of the nodes.
    let addresses: [String]
    /// Their Redis.
    let redis: RedisAddress
    /// The Redis to compare with.
    let bare: RedisAddress?
  }

  let options: BenchOptions
  let plans: [WorkloadPlan]
  let place: Place

  /// Measures and prints. True if every message arrived once, whole and in order, and nothing was refused.
  func measure() async throws -> Bool {
    let results = try await CommandLineRedis.with(place.redis, name: "kabar-bench") { redis in
      if options.addresses.isEmpty { try await Self.neverRewriteFile(of: redis) }
      let accounts = try await BenchAccounts.add(plans.map(\.accounts).max() ?? 0, to: redis)
      let results: Result<[WorkloadResult], any Error>
      do { results = .success(try await measure(accounts, redis)) } catch { results = .failure(error) }
      // In a private cluster they go with the folder.
      if !options.addresses.isEmpty { try await accounts.remove() }
      return try results.get()
    }
    return results.allSatisfy(\.isClean)
  }

  private func measure(_ accounts: BenchAccounts, _ redis: RedisHandle) async throws -> [WorkloadResult] {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let progress = BenchProgress()
    let generator = Generator(on: group.next()) { progress.show($0, of: $1) }
    let runner = WorkloadRunner(
      kabar: try await cluster(redis), redis: try await bare(), accounts: accounts, rounds: options.chosenRounds,
      generator: generator)
    let table = BenchTable()
    if !options.json { print(table.heading) }
    var all: [WorkloadResult] = []
    for plan in plans {
      progress.begin(plan.name)
      let results = try await runner.run(plan)
      progress.end()
      for result in results {
        print(options.json ? try BenchRecord(result).line : table.rows(result).joined(separator: "\n"))
        fflush(nil)
      }
      all += results
    }
    if !options.json { print(table.notes(all).joined(separator: "\n")) }
    try await group.shutdownGracefully()
    return all
  }

  private func cluster(_ redis: RedisHandle) async throws -> LoadServer {
    let found = try await ClusterProcesses.find(in: redis)
    let isLocal = found.isLocal
    return LoadServer(
      wire: .line, isWebSocket: options.websocket, addresses: try place.addresses.map(Self.resolved),
      nodeCount: found.nodes.count,
      nodes: isLocal ? found.nodes : [],
      redis: isLocal ? found.redis : nil)
  }

  /// Gives the bare Redis the user that everything on its side logs in as.
  private func bare() async throws -> LoadServer? {
    guard let bare = place.bare, case .tcp(let host, let port) = bare.endpoint else { return nil }
    let found = try await CommandLineRedis.with(bare, name: "kabar-bench") { redis in
      let password = ">" + LoadRequests.password
      try await Self.neverRewriteFile(of: redis)
      _ = try await redis.send(
        RedisCommand("ACL", "SETUSER", .text(LoadRequests.redisUser), "on", .text(password), "~*", "&*", "+@all"))
      return try await ClusterProcesses.find(in: redis)
    }
    return LoadServer(
      wire: .resp, addresses: [try SocketAddress.makeAddressResolvingHost(host, port: port)], nodeCount: 0, nodes: [],
      redis: found.redis)
  }

  /// For a Redis of this run alone. Its append-only file begins empty, so it would be rewritten several times in the seconds of an
  /// overload, and in some rounds only; one in use is rewritten now and then. For a second that takes a core.
  private static func neverRewriteFile(of redis: RedisHandle) async throws {
    let reply = try await redis.send(RedisCommand("CONFIG", "SET", "auto-aof-rewrite-percentage", "0"))
    if case .error(let error) = reply { throw error }
  }

  private static func resolved(_ address: String) throws -> SocketAddress {
    guard let (host, port) = BenchOptions.split(address) else { throw Failure("\(address) is no HOST:PORT") }
    return try SocketAddress.makeAddressResolvingHost(host, port: port)
  }
}
