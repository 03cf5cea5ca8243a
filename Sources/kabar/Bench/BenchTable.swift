// Owns: results as a table for people.
// Must never: hide a fault behind a median.
// Runs on: any thread (a value).
import Bench
import Foundation

/// Fixed columns: a row for Kabar, and where it was measured one for the bare Redis and one for the ratios.
struct BenchTable {
  private static let widths = [28, 10, 9, 9, 9, 9, 9, 9, 9, 10, 8, 24]

  /// Names of the columns. Times of the processor are in microseconds an operation, latencies in microseconds.
  var heading: String {
    Self.line([
      "workload", "ops/s", "p50 us", "p99 us", "p99.9 us", "max us", "nodes us", "redis us", "sum us/op", "gen us/op",
      "gen core", "lost/dup/order/bad",
    ])
  }

  /// The rows of one result.
  func rows(_ result: WorkloadResult) -> [String] {
    let remarks = [result.kabar.first?.isClosedLoop == false ? "rate" : nil, result.isWebSocket ? "WebSocket" : nil]
      .compactMap(\.self)
    let name = result.name + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))")
    var rows = [Self.row(name, result.kabar)]
    if !result.redis.isEmpty {
      rows.append(Self.row("  " + (result.workload.bareWork ?? ""), result.redis))
      let time = result.ratio(\.timePerOperation)
      let p99 = result.ratio { Double($0.latency.p99) }
      var cells = Array(repeating: "", count: Self.widths.count)
      (cells[0], cells[3], cells[8]) = ("  ratio", Self.ratio(p99), Self.ratio(time))
      rows.append(Self.line(cells))
    }
    for overload in result.kabar.compactMap(\.overload) {
      let recovery = overload.recovery.map { "over it after \(Self.number($0)) s" } ?? "NOT OVER IT"
      rows.append(
        "  sustainable \(Self.number(overload.sustainable))/s, planned \(Self.number(overload.offered))/s, "
          + "written \(Self.number(overload.written))/s; \(recovery)")
    }
    for (name, rounds) in [("", result.kabar), ("bare Redis: ", result.redis)] {
      if let bytes = rounds.compactMap(\.bytesPerConnection).median {
        rows.append("  \(name)\(Self.number(bytes / 1024)) KiB of resident memory a connection")
      }
      for round in rounds where round.broken > 0 || round.refusals != Refusals() {
        let refused = round.refusals == Refusals() ? "" : "refused: \(round.refusals); "
        let kind = round.isClean ? "" : "FAULT: "
        rows.append("  \(kind)\(name)\(refused)\(round.broken) connections broke or waited in vain")
      }
    }
    return rows
  }

  /// What must be known to read the figures.
  func notes(_ results: [WorkloadResult]) -> [String] {
    var notes: [String] = []
    let all = results.flatMap { $0.kabar + $0.redis }
    if all.contains(where: \.isClosedLoop) {
      notes.append("Closed loops ask less of a server that stands still; only (rate) counts from the planned time.")
    }
    for result in results where (result.kabar + result.redis).contains(where: { $0.generatorShare > 0.85 }) {
      notes.append("\(result.name): the generator took nearly a whole core: the rate is its limit, not the server's.")
    }
    if results.contains(where: { $0.kabar.contains { $0.nodesTime == nil } }) {
      notes.append("Nodes are not on this machine, or ended meanwhile: their processor time is not known.")
    }
    if all.contains(where: { $0.broken > 0 && $0.verdict.lost > 0 }) {
      notes.append("What a connection that broke had not collected counts as lost; it may still be in its inbox.")
    }
    if all.contains(where: { $0.overload == nil && $0.refusals.areLimits }) {
      notes.append(
        "The nodes have limits on clients, or were overloaded: start them with --limits off (KABAR_LIMITS=off) and --shed-after 0."
      )
    }
    return notes
  }

  private static func row(_ name: String, _ rounds: [LoadFigures]) -> String {
    func median(_ figure: (LoadFigures) -> Double?) -> Double? { rounds.compactMap(figure).median }
    func each(_ time: @escaping (LoadFigures) -> UInt64?) -> Double? {
      median { one in
        guard one.operations > 0 else { return nil }
        return time(one).map { Double($0) / Double(one.operations) / 1000 }
      }
    }
    let verdicts = rounds.map(\.verdict)
    let faults = [
      verdicts.reduce(0) { $0 + $1.lost }, verdicts.reduce(0) { $0 + $1.doubled },
      verdicts.reduce(0) { $0 + $1.reordered }, verdicts.reduce(0) { $0 + $1.damaged },
    ]
    func latency(_ percentile: KeyPath<Latency.Percentiles, UInt64>) -> Double? {
      median { Double($0.latency[keyPath: percentile]) / 1000 }
    }
    let figures: [Double?] = [
      median(\.rate), latency(\.p50), latency(\.p99), latency(\.p999), latency(\.max), each(\.nodesTime),
      each(\.redisTime), median(\.timePerOperation).map { $0 / 1000 }, each(\.generatorTime), median(\.generatorShare),
    ]
    return line([name] + figures.map(number) + [faults.map(String.init).joined(separator: "/")])
  }

  /// Three digits that count, or a dash.
  static func number(_ value: Double?) -> String {
    guard let value else { return "-" }
    return String(format: abs(value) < 10 ? "%.2f" : abs(value) < 100 ? "%.1f" : "%.0f", value)
  }

  private static func ratio(_ value: Double?) -> String { value.map { "x" + number($0) } ?? "-" }

  /// The first column to the left, the others to the right.
  private static func line(_ cells: [String]) -> String {
    zip(cells, widths).enumerated().map { index, cell in
      let gap = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + gap : gap + cell.0
    }.joined(separator: " ")
  }
}
