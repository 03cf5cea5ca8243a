// Owns: a result as JSON for programs: names that stay.
// Must never: round.
// Runs on: any thread (a value).
import Bench
import Foundation

/// One workload, all its rounds.
struct BenchRecord: Encodable {
  /// One round of one server. Times in nanoseconds; what is not known is left out.
  struct Round: Encodable {
    let operations: Int
    let seconds: Double
    let perSecond: Double
    let p50: UInt64
    let p90: UInt64
    let p99: UInt64
    let p999: UInt64
    let max: UInt64
    let cpuPerOperation: Double?
    let nodesCPU: UInt64?
    let redisCPU: UInt64?
    let generatorCPU: UInt64
    let generatorShare: Double
    let bytesPerConnection: Double?
    /// Sends a second that could be sustained, that were planned and that were written, and seconds until it was over.
    let sustainable: Double?
    let offered: Double?
    let written: Double?
    let recovery: Double?
    let lost: Int
    let doubled: Int
    let reordered: Int
    let damaged: Int
    let broken: Int
    let refusals: [String: Int]

    init(_ found: LoadFigures) {
      (operations, seconds, perSecond) = (found.operations, found.seconds, found.rate)
      (p50, p90, p99) = (found.latency.p50, found.latency.p90, found.latency.p99)
      (p999, max) = (found.latency.p999, found.latency.max)
      (cpuPerOperation, nodesCPU, redisCPU) = (found.timePerOperation, found.nodesTime, found.redisTime)
      (generatorCPU, generatorShare) = (found.generatorTime, found.generatorShare)
      bytesPerConnection = found.bytesPerConnection
      (sustainable, offered) = (found.overload?.sustainable, found.overload?.offered)
      (written, recovery) = (found.overload?.written, found.overload?.recovery)
      (lost, doubled) = (found.verdict.lost, found.verdict.doubled)
      (reordered, damaged) = (found.verdict.reordered, found.verdict.damaged)
      (broken, refusals) = (found.broken, found.refusals.counts)
    }
  }

  let workload: String
  let kind: String
  let loop: String
  let connections: Int
  let inFlight: Int
  let payload: Int
  let rate: Double?
  let receivers: Int
  let isTagged: Bool
  let isWebSocket: Bool
  let isClean: Bool
  let kabar: [Round]
  let redis: [Round]
  /// Medians over the rounds of Kabar's figure divided by the bare Redis'.
  let cpuRatio: Double?
  let p99Ratio: Double?

  init(_ result: WorkloadResult) {
    (workload, kind) = (result.name, result.workload.rawValue)
    loop = result.kabar.first?.isClosedLoop == false ? "open" : "closed"
    (connections, inFlight) = (result.shape.connections, result.shape.inFlight)
    (payload, rate, receivers) = (result.shape.payload, result.shape.rate, result.shape.receivers)
    (isTagged, isWebSocket) = (result.shape.tagRun != nil, result.isWebSocket)
    isClean = result.isClean
    (kabar, redis) = (result.kabar.map(Round.init), result.redis.map(Round.init))
    cpuRatio = result.ratio(\.timePerOperation)
    p99Ratio = result.ratio { Double($0.latency.p99) }
  }

  /// The whole record on one line.
  var line: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
