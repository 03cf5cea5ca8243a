// A check from its first page to its last: what looks wrong twice is a violation.
// Never reports what it saw only once: the cluster goes on while it is checked.
// Async tasks, one at a time.

import ChatState
import RedisClient

/// Visits everything, suspects, looks again, reports, repairs.
final class Checker {
  /// How much later a suspect is looked at again. What the cluster changes in more than one step takes far less.
  private static let secondLookAfter = Duration.milliseconds(300)
  /// Bound on suspects between two such pauses.
  private static let maximumSuspects = 5000

  private let reader: StateReader
  private let report: CheckReport
  private let isRepairing: Bool
  private var suspects: [CheckSubject: Set<Violation.Kind>] = [:]
  /// The suspects in the order in which they were seen.
  private var order: [CheckSubject] = []
  /// SCAN may show a key twice, and a user is at several places: reported once.
  private var reported: Set<CheckSubject> = []

  init(reader: StateReader, report: CheckReport, isRepairing: Bool) {
    (self.reader, self.report, self.isRepairing) = (reader, report, isRepairing)
  }

  /// The whole check. Presence comes last: repairs of what dead nodes left behind change it.
  func run() async throws {
    let progress = Progress(total: try await reader.size(), label: "checking")
    report.beforeLine = { progress.finish() }
    try await reader.visitKeys { keys in
      try await check(keys)
      progress.advance(by: StateReader.page)
    }
    progress.finish()
    try await reader.visitMembers(of: KeySpace.accounts) { try await suspect($0.map { .accountEntry($0) }) }
    try await settle()
    try await checkPresence()
    try await settle()
  }

  private func check(_ keys: [[UInt8]]) async throws {
    report.keys += keys.count
    try await suspect(keys.map { .key($0) })
    for key in keys {
      switch KeyShape(String(decoding: key, as: UTF8.self)) {
      case .inbox(let name, _): try await noteUnreadable(String(decoding: key, as: UTF8.self), "\(name)")
      case .sessions(let name):
        try await reader.visitMembers(of: KeySpace.sessions(of: name)) {
          try await suspect($0.map { .sessionEntry($0, of: name) })
        }
      case .blocked(let name):
        try await reader.visitMembers(of: KeySpace.blocked(by: name)) {
          try await suspect($0.map { .blockedEntry($0, by: name) })
        }
      case .blockers(let name):
        try await reader.visitMembers(of: KeySpace.blockers(of: name)) {
          try await suspect($0.map { .blockerEntry($0, of: name) })
        }
      default: break
      }
    }
  }

  private func noteUnreadable(_ inbox: String, _ name: String) async throws {
    let (count, first) = try await reader.unreadableMessages(in: inbox)
    guard count > 0 else { return }
    let what = count == 1 ? "an element that is no message" : "\(count) elements that are no messages"
    let text = "the inbox of \(name) holds \(what) of an account; the reader gets it as it is"
    report.note(text, show: "LINDEX", inbox, "\(first)")
  }

  private func checkPresence() async throws {
    let moment = try await reader.moment()
    guard let nodes = moment.nodes else { return }  // reported as a key of the wrong type
    for node in nodes {
      let lease = try await reader.ask(RedisCommand("ZSCORE", .text(KeySpace.nodes), .text("\(node)"))).text
      if let end = lease.flatMap({ Double($0) }), end <= Double(moment.milliseconds) {
        let seconds = (moment.milliseconds - Int(end)) / 1000
        report.note(
          "the lease of a node ended \(seconds) s ago; a living node removes it",
          show: "ZSCORE", KeySpace.nodes, "\(node)")
      }
      try await reader.visitFields(of: KeySpace.nodeUsers(node)) { try await suspect($0.map { .activeUser($0) }) }
    }
    try await reader.visitMembers(of: KeySpace.active) { try await suspect($0.map { .activeUser($0) }) }
  }

  /// The first look.
  private func suspect(_ subjects: [CheckSubject]) async throws {
    for (subject, violations) in try await reader.look(at: subjects) where !reported.contains(subject) {
      if suspects.updateValue(Set(violations.map(\.kind)), forKey: subject) == nil { order.append(subject) }
    }
    if suspects.count >= Self.maximumSuspects { try await settle() }
  }

  /// The second look: what is still so is reported, and mended if that is wanted.
  private func settle() async throws {
    guard !suspects.isEmpty else { return }
    let first = suspects
    var rest = order[...]
    (suspects, order) = ([:], [])
    try await Task.sleep(for: Self.secondLookAfter)
    while !rest.isEmpty {
      let confirmed = try await reader.look(at: Array(rest.prefix(StateReader.page))).compactMap { subject, again in
        let both = again.filter { first[subject]?.contains($0.kind) == true }
        return both.isEmpty ? nil : (subject, both)
      }
      let left = isRepairing ? try await repair(confirmed) : [:]
      for (subject, violations) in confirmed {
        reported.insert(subject)
        for violation in violations {
          let isLeft = left[subject]?.contains(violation.kind) == true
          report.violation(violation, !isRepairing ? .found : isLeft ? .notRepaired : .repaired)
        }
      }
      rest = rest.dropFirst(StateReader.page)
    }
  }

  /// Carries out all repairs of a page and answers what is left then.
  private func repair(_ page: [(CheckSubject, [Violation])]) async throws -> [CheckSubject: Set<Violation.Kind>] {
    let moment = try await reader.moment()
    for repair in page.flatMap(\.1).compactMap(\.repair) {
      for command in repair.commands(in: moment) { _ = try await reader.ask(command) }
    }
    var left: [CheckSubject: Set<Violation.Kind>] = [:]
    for (subject, violations) in try await reader.look(at: page.map(\.0)) {
      left[subject] = Set(violations.map(\.kind))
    }
    return left
  }
}
