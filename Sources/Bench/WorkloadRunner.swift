// Owns: rounds of measurements: Kabar, then the bare Redis, then again, so that a noisy spell of the machine hits both.
// Must never: print.
// Runs on: async tasks.
import RedisClient

/// A kind of measurement.
package enum Workload: String, Sendable, CaseIterable {
  case send
  case collect
  case push
  case login
  case resume
  case idle
  case presence
  case overload

  /// What a bare Redis does instead; nil if it has nothing like it.
  package var bareWork: String? {
    switch self {
    case .send: "RPUSH"
    case .collect: "AUTH, LMPOP"
    case .push: "PUBLISH to SUBSCRIBE"
    case .login, .resume, .idle: "AUTH"
    case .presence, .overload: nil
    }
  }
}

/// One line of the table, as it was asked for.
package struct WorkloadPlan: Sendable {
  /// A stable name, for example `send-16`.
  package let name: String
  /// The kind.
  package let workload: Workload
  /// How much of it.
  package let shape: LoadShape

  package init(_ name: String, _ workload: Workload, _ shape: LoadShape) {
    (self.name, self.workload, self.shape) = (name, workload, shape)
  }

  /// How many accounts it takes.
  package var accounts: Int {
    switch workload {
    // A hundred messages for each recipient.
    case .send, .collect: shape.connections + max(1, shape.operations / 100)
    case .push, .presence, .overload: shape.connections + shape.receivers
    case .login, .resume: min(shape.operations, 1000)
    case .idle: shape.operations
    }
  }
}

/// What the rounds of one workload found.
package struct WorkloadResult: Sendable {
  /// A stable name.
  package let name: String
  /// The kind.
  package let workload: Workload
  /// As it was asked for.
  package let shape: LoadShape
  /// Whether Kabar was spoken to in WebSockets.
  package let isWebSocket: Bool
  /// One for each round.
  package fileprivate(set) var kabar: [LoadFigures] = []
  /// The same for the bare Redis; empty if it was not asked for, or does nothing alike.
  package fileprivate(set) var redis: [LoadFigures] = []

  package init(
    _ name: String, _ workload: Workload, _ shape: LoadShape, isWebSocket: Bool = false, kabar: [LoadFigures] = [],
    redis: [LoadFigures] = []
  ) {
    (self.name, self.workload, self.shape, self.isWebSocket) = (name, workload, shape, isWebSocket)
    (self.kabar, self.redis) = (kabar, redis)
  }

  /// Every round went without a fault.
  package var isClean: Bool { !kabar.isEmpty && (kabar + redis).allSatisfy(\.isClean) }

  /// The median over the rounds of Kabar's figure divided by that of the bare Redis in the same round.
  package func ratio(_ figure: (LoadFigures) -> Double?) -> Double? {
    zip(kabar, redis).compactMap { first, second in
      guard let first = figure(first), let second = figure(second), second > 0 else { return nil }
      return first / second
    }.median
  }
}

extension [Double] {
  /// The middle value, or the mean of the two; nil if there is none.
  package var median: Double? {
    let sorted = sorted()
    guard let middle = sorted.dropFirst(count / 2).first else { return nil }
    return count.isMultiple(of: 2) ? (sorted[count / 2 - 1] + middle) / 2 : middle
  }
}

/// Measures workloads against one cluster and, where there is one, a bare Redis.
package struct WorkloadRunner: Sendable {
  /// The cluster.
  package let kabar: LoadServer
  /// The bare Redis.
  package let redis: LoadServer?
  /// Who sends, receives and logs in.
  package let accounts: BenchAccounts
  /// How often each is measured, 1 or more.
  package let rounds: Int
  private let generator: Generator

  package init(
    kabar: LoadServer, redis: LoadServer?, accounts: BenchAccounts, rounds: Int, generator: Generator
  ) {
    (self.kabar, self.redis, self.accounts) = (kabar, redis, accounts)
    (self.rounds, self.generator) = (rounds, generator)
  }

  /// All rounds of one workload. Sends are collected: that makes a second result.
  package func run(_ plan: WorkloadPlan) async throws -> [WorkloadResult] {
    var shape = plan.shape
    func result(_ name: String, _ workload: Workload) -> WorkloadResult {
      WorkloadResult(name, workload, plan.shape, isWebSocket: kabar.isWebSocket)
    }
    var results = [result(plan.name, plan.workload)]
    if plan.workload == .send || plan.workload == .collect {
      let suffix = plan.name.firstRange(of: plan.workload.rawValue).map { plan.name[$0.upperBound...] } ?? ""
      results = [result("send\(suffix)", .send), result("collect\(suffix)", .collect)]
    }
    for round in 0..<rounds {
      shape.round = round
      for (index, found) in try await measure(kabar, plan, shape).enumerated() { results[index].kabar.append(found) }
      guard let redis, plan.workload.bareWork != nil else { continue }
      for (index, found) in try await measure(redis, plan, shape).enumerated() { results[index].redis.append(found) }
    }
    return results
  }

  private func measure(_ server: LoadServer, _ plan: WorkloadPlan, _ shape: LoadShape) async throws -> [LoadFigures] {
    let chosen = accounts.first(plan.accounts)
    var shape = shape
    shape.tagRun = shape.tagRun.map { _ in accounts.run }
    switch plan.workload {
    case .send, .collect:
      let (send, collect) = try await generator.store(server, chosen, shape)
      return [send, collect]
    case .push:
      let isSpread = server.nodeCount > 1
      let places: @Sendable () async throws -> [String?] = { try await accounts.nodes(ofFirst: chosen.count) }
      return [try await generator.push(server, chosen, shape, placement: isSpread ? places : nil)]
    case .login: return [try await generator.visits(server, chosen, shape, isLogin: true)]
    case .resume: return [try await generator.visits(server, chosen, shape, isLogin: false)]
    case .idle: return [try await generator.idle(server, chosen, shape)]
    case .presence: return [try await generator.presence(server, chosen, shape)]
    case .overload: return [try await generator.overload(server, chosen, shape)]
    }
  }
}
