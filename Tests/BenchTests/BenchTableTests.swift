// Owns: how results are shown, and what counts as a clean one.
// Must never: measure.
// Runs on: any thread.
import Bench
import Foundation
import Testing

@testable import kabar

@Suite struct BenchTableTests {
  private func figures(nanoseconds: UInt64, _ change: (inout LoadFigures) -> Void = { _ in }) -> LoadFigures {
    var figures = LoadFigures()
    (figures.operations, figures.seconds) = (1000, 2)
    (figures.nodesTime, figures.redisTime, figures.generatorTime) = (nanoseconds, 1_000_000, 500_000)
    var latency = Latency()
    for time in 1...1000 { latency.record(UInt64(time) * nanoseconds / 1000) }
    figures.latency = latency.percentiles
    change(&figures)
    return figures
  }

  @Test func `the ratio is the median of the rounds' ratios`() {
    // 8, 3 and 5 µs a message against 2, 1 and 1: in turn, so 4, 3 and 5.
    let result = WorkloadResult(
      "send", .send, LoadShape(), kabar: [7, 2, 4].map { figures(nanoseconds: $0 * 1_000_000) },
      redis: [1, 0, 0].map { figures(nanoseconds: $0 * 1_000_000) })
    #expect(result.ratio(\.timePerOperation) == 4)
    #expect(result.isClean)
    let rows = BenchTable().rows(result)
    #expect(rows.count == 3)
    #expect(rows[0].hasPrefix("send ") && rows[1].hasPrefix("  RPUSH "))
    #expect(rows[2].split(separator: " ").last == "x4.00")
    #expect(Set((rows + [BenchTable().heading]).map(\.count)).count == 1, "the columns stand below each other")
  }

  @Test func `a row says when it was by WebSocket`() {
    let result = WorkloadResult("send", .send, LoadShape(), isWebSocket: true, kabar: [figures(nanoseconds: 1_000_000)])
    #expect(BenchTable().rows(result)[0].hasPrefix("send (WebSocket) "))
    #expect(BenchRecord(result).isWebSocket)
  }

  @Test func `percentiles are those of the histogram within its precision`() {
    let latency = figures(nanoseconds: 10_000_000).latency
    #expect(latency.count == 1000)
    #expect(abs(Double(latency.p50) - 5e6) < 1e4)
    #expect(abs(Double(latency.p99) - 9.9e6) < 2e4)
    #expect(abs(Double(latency.max) - 1e7) < 2e4)
  }

  @Test(arguments: 0..<6) func `any fault in any round makes the result unclean, and is shown`(fault: Int) {
    let bad = figures(nanoseconds: 5_000_000) { figures in
      switch fault {
      case 0: figures.verdict.lost = 7
      case 1: figures.verdict.doubled = 7
      case 2: figures.verdict.reordered = 7
      case 3: figures.verdict.damaged = 7
      case 4: figures.broken = 7
      default: for _ in 1...7 { figures.refusals.note("slow_down") }
      }
    }
    let result = WorkloadResult("push", .push, LoadShape(), kabar: [figures(nanoseconds: 5_000_000), bad])
    #expect(!result.isClean)
    let text = BenchTable().rows(result).joined(separator: "\n")
    #expect(text.contains("7"))
    let notes = BenchTable().notes([result]).joined(separator: "\n")
    #expect(notes.contains("--limits off") == (fault == 5))
  }

  @Test(arguments: [(0, false), (1, true)])
  func `what may only be uncollected is told from what is lost`(broken: Int, isSaid: Bool) {
    let bad = figures(nanoseconds: 5_000_000) { ($0.verdict.lost, $0.broken) = (7, broken) }
    let notes = BenchTable().notes([WorkloadResult("collect", .collect, LoadShape(), kabar: [bad])])
    #expect(notes.contains { $0.contains("may still be in its inbox") } == isSaid)
  }

  @Test func `nothing measured is not clean`() {
    #expect(!WorkloadResult("send", .send, LoadShape()).isClean)
    #expect(!WorkloadResult("send", .send, LoadShape(), kabar: [LoadFigures()]).isClean)
  }

  @Test func `a record has every fault and every figure`() throws {
    let result = WorkloadResult(
      "push", .push, LoadShape(), kabar: [figures(nanoseconds: 4_000_000) { $0.verdict.lost = 3 }])
    let record = try JSONSerialization.jsonObject(with: Data(BenchRecord(result).line.utf8)) as? [String: Any]
    let round = try #require((record?["kabar"] as? [[String: Any]])?.first)
    #expect(record?["workload"] as? String == "push")
    #expect(record?["isClean"] as? Bool == false)
    #expect(round["lost"] as? Int == 3)
    #expect(round["perSecond"] as? Double == 500)
    #expect(round["cpuPerOperation"] as? Double == 5000)
  }
}
