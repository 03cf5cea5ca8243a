// Owns: what a run prints.
// Must never: hide a violation behind a sum.
// Runs on: the main thread.
import Foundation

/// The result of a run, for people or for programs.
struct Report: Encodable {
  let seed: UInt64
  let seconds: Int
  /// What repeats the run.
  let command: String
  let isClean: Bool
  let acknowledged: Int
  let lost: Int
  let storedTwice: Int
  let pushed: Int
  let deliveredAgain: Int
  let reordered: Int
  let neverAnswered: Int
  /// Every rule and how often it was broken.
  let violations: [String: Int]
  /// The first ones of each rule, in words.
  let details: [String]
  let refused: Int
  let unknown: Int
  let deliveredAgainUnmarked: Int
  let requests: Int
  /// Milliseconds, without the time in which a node was stopped.
  let slowestReply: Int
  let faults: [String: Int]
  /// The faults in the order of their time.
  let faultLog: [String]

  /// Violations that are told in words, of each rule.
  private static let detailsPerRule = 10

  init(_ result: ChaosResult, _ settings: ChaosSettings) {
    let verdict = result.verdict
    (seed, seconds, isClean) = (settings.seed, settings.seconds, verdict.isClean)
    command =
      "deploy/chaos --seconds \(seconds) --seed \(seed) --nodes \(settings.nodes)"
      + " --faults-per-minute \(settings.faultsPerMinute)"
      + (settings.sabotage.map { " --sabotage \($0.rawValue)" } ?? "")
    acknowledged = verdict.acknowledged
    lost = verdict.count(.lost)
    storedTwice = verdict.count(.storedTwice)
    pushed = verdict.pushed
    deliveredAgain = verdict.deliveredAgain
    deliveredAgainUnmarked = verdict.unmarked
    reordered = verdict.count(.reordered)
    neverAnswered = verdict.count(.neverAnswered)
    violations = Dictionary(
      uniqueKeysWithValues: Verdict.Rule.allCases.map { ($0.rawValue, verdict.count($0)) })
    details = Verdict.Rule.allCases.flatMap { rule in
      verdict.violations.filter { $0.rule == rule }.prefix(Self.detailsPerRule).map { "\(rule.rawValue): \($0.detail)" }
    }
    (refused, unknown, requests) = (verdict.refused, verdict.unknown, verdict.requests)
    slowestReply = verdict.slowestReply
    faultLog = result.log
    faults = Dictionary(uniqueKeysWithValues: FaultKind.allCases.map { ($0.rawValue, result.faults[$0] ?? 0) })
  }

  /// One JSON object.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// A table for people.
  func text() -> String {
    var lines = [
      row("acknowledged", acknowledged), row("pushed", pushed, "to those who listen"), row("lost", lost),
      row("stored twice", storedTwice),
      row("delivered again", deliveredAgain, "not confirmed before: allowed; \(deliveredAgainUnmarked) unmarked"),
      row("reordered", reordered), row("never answered", neverAnswered),
    ]
    for rule in Verdict.Rule.allCases where ![.lost, .storedTwice, .reordered, .neverAnswered].contains(rule) {
      lines.append(row(rule.rawValue, violations[rule.rawValue] ?? 0))
    }
    lines += [
      row("refused", refused, "must not be stored"), row("unknown outcome", unknown, "may be stored once or not"),
      row("requests", requests), row("slowest reply", slowestReply, "ms, stopped nodes not counted"), "", "faults",
    ]
    lines += FaultKind.allCases.map { row("  " + $0.rawValue, faults[$0.rawValue] ?? 0) }
    if !details.isEmpty {
      lines +=
        ["", "violations (the first \(Self.detailsPerRule) of each kind)"] + details + ["", "faults by time"] + faultLog
    }
    lines += [
      "",
      "\(isClean ? "Every promise was kept." : "BROKEN.") Once more: \(command)",
    ]
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ count: Int, _ note: String = "") -> String {
    let number = String(count)
    return name.padding(toLength: 30, withPad: " ", startingAt: 0)
      + String(repeating: " ", count: max(9 - number.count, 0)) + number + (note.isEmpty ? "" : "  (\(note))")
  }
}

/// A progress bar on standard error, where somebody watches.
final class ProgressLine {
  private let isShown = isatty(STDERR_FILENO) == 1
  private let seconds: Int
  private let begin = FaultProxy.now()
  private var shown = 0

  init(seconds: Int) { self.seconds = seconds }

  /// Draws, at most five times a second.
  func show(_ phase: Phase, acknowledged: Int, requests: Int) {
    let now = FaultProxy.now()
    guard isShown, now - shown > 200 else { return }
    shown = now
    let width = 30
    let filled = phase == .sending ? min((now - begin) * width / (seconds * 1000), width) : width
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    write("\r\u{1B}[K\(bar) \(phase) \((now - begin) / 1000) s, acknowledged \(acknowledged), requests \(requests)")
  }

  /// Clears the line.
  func finish() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
