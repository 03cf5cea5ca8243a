// Owns: the verdict on a run and how it is shown.
// Must never: hide a figure behind the verdict.
// Runs on: the main thread; values.
import Foundation

/// Figures and verdict, for people and for programs.
struct Report: Encodable {
  /// A 99th percentile below this many milliseconds is no harm, whatever the ratio: on two cores that the nodes, Redis,
  /// the people and the attacker share, a few milliseconds are one turn of the scheduler.
  static let floor = 20.0
  /// How much longer than undisturbed a 99th percentile may be.
  static let ratio = 2.0
  /// What is compared. A login is a hash of some 50 ms that waits for its turn among all hashes: it is shown, it must
  /// not fail, but its time is the attack's to spend.
  static let judged: [Operation] = [.request, .push, .arrival]

  /// Times of one operation in milliseconds.
  struct Times: Encodable {
    let count: Int
    let p50: Double?
    let p99: Double?

    init(_ operation: Operation, _ figures: Figures) {
      count = figures.count(operation)
      p50 = figures.percentile(0.5, operation)
      p99 = figures.percentile(0.99, operation)
    }
  }

  /// One attack.
  struct Line: Encodable {
    let attack: String
    let attemptsPerSecond: Int
    let connections: Int
    let closedByNodes: Int
    let left: Int
    let bytesOut: Int
    let bytesIn: Int
    let answers: [String: Int]
    let attackerProcessor: Double
    let nodesProcessor: Double
    let times: [String: Times]
    let failures: [String: Int]
    /// The worst 99th percentile against the same operation undisturbed.
    let ratio: Double?
    let memoryBefore: Int
    let memoryHeld: Int
    let memoryPeak: Int
    /// What the attack got that it must not get: true or false on any machine.
    let findings: [String]
    /// What it cost the people in time; a busy machine can cause it, too.
    let slow: [String]
  }

  let seconds: Int
  let undisturbed: [String: Times]
  let undisturbedFailures: [String: Int]
  let lines: [Line]
  let leaks: [String]

  init(_ result: RunResult, seconds: Int) {
    self.seconds = seconds
    undisturbed = Self.times(result.quiet)
    undisturbedFailures = result.quiet.failures
    let control = result.rows.first { $0.kind == BurnedProcessor.self }?.figures
    lines = result.rows.map { Self.line($0, result, control: control, seconds: seconds) }
    leaks = result.leaks
  }

  /// Whether no attack got what it must not get, and nobody was refused.
  var isSafe: Bool { leaks.isEmpty && lines.allSatisfy(\.findings.isEmpty) }
  /// Whether the people's time was as bounded as it must be.
  var isInTime: Bool { undisturbedFailures.isEmpty && lines.allSatisfy(\.slow.isEmpty) }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  // MARK: Judging

  private static func times(_ figures: Figures) -> [String: Times] {
    Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0.rawValue, Times($0, figures)) })
  }

  private static func line(_ row: Row, _ result: RunResult, control: Figures?, seconds: Int) -> Line {
    let totals = row.outcome.totals
    var ratios: [Double] = []
    var slow: [String] = []
    for operation in judged {
      guard let now = row.figures.percentile(0.99, operation), let before = result.quiet.percentile(0.99, operation)
      else {
        continue
      }
      ratios.append(now / before)
      let reference = max(before, control?.percentile(0.99, operation) ?? 0)
      if now > ratio * reference, now > floor {
        slow.append("p99 of a \(operation.rawValue) is \(text(now)) ms, undisturbed \(text(before)) ms")
      }
    }
    let late = row.figures.failuresByCause.slow
    if !late.isEmpty { slow.append("requests of others were not answered in time: \(text(late))") }
    return Line(
      attack: row.kind.name, attemptsPerSecond: totals.attempts / seconds, connections: totals.opened,
      closedByNodes: totals.ended, left: row.outcome.left, bytesOut: totals.bytesOut, bytesIn: totals.bytesIn,
      answers: totals.answers, attackerProcessor: row.outcome.processor, nodesProcessor: row.nodesProcessor,
      times: times(row.figures), failures: row.figures.failures, ratio: ratios.max(),
      memoryBefore: row.memory.before, memoryHeld: row.memory.held, memoryPeak: row.memory.peak,
      findings: row.outcome.findings + row.crashes + harm(row, hashKiB: result.hashKiB), slow: slow)
  }

  private static func harm(_ row: Row, hashKiB: Int) -> [String] {
    var found: [String] = []
    let failures = row.figures.failuresByCause.other
    if !failures.isEmpty { found.append("requests of others failed: \(text(failures))") }
    let kept = row.memory.held - row.memory.before
    let bound = row.kind.memoryBound + (row.kind.isHashing ? hashKiB : 0)
    if kept > bound { found.append("the nodes keep \(kept) KiB more memory, bound \(bound)") }
    let taken = row.memory.peak - row.memory.before
    let most = row.kind.memoryBound + hashKiB
    if taken > most { found.append("the nodes took \(taken) KiB more memory for a moment, bound \(most)") }
    return found
  }

  // MARK: Showing

  /// The table, and below it what is wrong.
  func text() -> String {
    var rows = [Self.heading, quietRow]
    rows += lines.map(Self.row)
    let widths = Self.heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let table = rows.map { cells in
      zip(cells, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 || column == cells.count - 1 ? cell.0 + (column == 0 ? space : "") : space + cell.0
      }.joined(separator: "  ")
    }
    return (table + ["", verdict]).joined(separator: "\n")
  }

  private var verdict: String {
    var said = lines.flatMap { line in
      line.findings.map { "BROKEN  \(line.attack): \($0)" } + line.slow.map { "SLOW    \(line.attack): \($0)" }
    }
    said += leaks.map { "BROKEN  \($0)" }
    if !undisturbedFailures.isEmpty { said.append("SLOW    undisturbed: \(Self.text(undisturbedFailures))") }
    if said.isEmpty { said.append("No attack got what it must not get; nobody else waited too long.") }
    return said.joined(separator: "\n")
  }

  private static let heading = [
    "attack", "tries/s", "conns", "closed", "left", "MB out", "MB in", "request p50", "p99 ms", "push p99",
    "arrival p99", "login p99", "× quiet", "failed", "CPU s it/nodes", "RSS MiB", "answers",
  ]

  private var quietRow: [String] {
    ["(undisturbed)", "", "", "", "", "", ""] + Self.cells(undisturbed)
      + ["1.0", "\(undisturbedFailures.values.reduce(0, +))", "", "", ""]
  }

  private static func row(_ line: Line) -> [String] {
    [
      line.attack, "\(line.attemptsPerSecond)", "\(line.connections)", "\(line.closedByNodes)", "\(line.left)",
      text(Double(line.bytesOut) / 1e6), text(Double(line.bytesIn) / 1e6),
    ] + cells(line.times) + [
      line.ratio.map(text) ?? "-", "\(line.failures.values.reduce(0, +))",
      "\(text(line.attackerProcessor))/\(text(line.nodesProcessor))",
      "\(line.memoryBefore / 1024)→\(line.memoryHeld / 1024)≤\(line.memoryPeak / 1024)",
      text(line.answers),
    ]
  }

  private static func cells(_ times: [String: Times]) -> [String] {
    func cell(_ operation: Operation, _ value: (Times) -> Double?) -> String {
      times[operation.rawValue].flatMap(value).map(text) ?? "-"
    }
    return [
      cell(.request, \.p50), cell(.request, \.p99), cell(.push, \.p99), cell(.arrival, \.p99), cell(.login, \.p99),
    ]
  }

  private static func text(_ counts: [String: Int]) -> String {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  private static func text(_ number: Double) -> String { String(format: "%.1f", number) }
}
