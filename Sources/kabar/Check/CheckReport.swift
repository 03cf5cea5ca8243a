// What a check says: a line for each violation, the redis-cli line that shows it, and a summary.
// Never counts a note as a violation.
// One task at a time.

import ChatState
import Foundation

/// Prints as it goes; a long check shows its findings at once.
final class CheckReport {
  /// What became of a violation.
  enum Outcome {
    case found
    case repaired
    case notRepaired
  }

  private let inspectCommand: String
  private let isRepairing: Bool
  private let begin = ContinuousClock.now
  private var violations = 0
  private var repaired = 0
  private var notes = 0
  /// Keys of Kabar that were looked at.
  var keys = 0
  /// Called before a line is printed: a progress bar gives way.
  var beforeLine: () -> Void = {}

  init(inspectCommand: String, isRepairing: Bool) {
    (self.inspectCommand, self.isRepairing) = (inspectCommand, isRepairing)
  }

  /// Violations that are still there.
  var left: Int { violations - repaired }

  /// A violation that has been seen twice.
  func violation(_ violation: Violation, _ outcome: Outcome) {
    violations += 1
    show("violation: \(violation.text)", violation.evidence)
    switch outcome {
    case .found: break
    case .repaired:
      repaired += 1
      print("  repaired: \(violation.repair?.text ?? "it has gone in the meantime")")
    case .notRepaired where violation.repair == nil: print("  left alone: nothing can mend it without your decision")
    case .notRepaired: print("  not repaired: tried, but it is still there")
    }
  }

  /// Something that is worth knowing and breaks no promise.
  func note(_ text: String, show evidence: String...) {
    notes += 1
    show("note: \(text)", evidence.map { Array($0.utf8) })
  }

  /// The last line.
  func printSummary() {
    beforeLine()
    let time = begin.duration(to: .now) / .seconds(1)
    let counted = "checked \(Self.count(keys, "key")) in \(String(format: "%.1f", time)) s: "
    var outcome = violations == 0 ? "every invariant holds" : Self.count(violations, "violation")
    if isRepairing, violations > 0 { outcome += ", \(repaired) repaired, \(left) left" }
    if notes > 0 { outcome += ", \(Self.count(notes, "note"))" }
    print(counted + outcome)
  }

  private func show(_ line: String, _ evidence: [[UInt8]]) {
    beforeLine()
    print(line)
    print("  \(inspectCommand) \(evidence.map(ShellWord.quoted).joined(separator: " "))")
  }

  private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
