// What a check finds: an invariant that does not hold, in words and with the redis-cli words that show it.
// Never holds a password or a message's text.
// Pure value; any thread.

/// An invariant between keys that does not hold.
package struct Violation: Equatable, Sendable {
  /// Which invariant. Of one subject each is found at most once, so that it can be found again at a second look.
  package enum Kind: String, Sendable, CaseIterable {
    case unknownKey
    case wrongType
    case accountNotIndexed
    case accountIncomplete
    case accountEntryStale
    case accountEntryScored
    case inboxMissing
    case inboxTwice
    case inboxMisnamed
    case inboxUncounted
    case inboxOrphaned
    case readingOrphaned
    case readingUnreadable
    case readingBeyondEnd
    case onceEndless
    case attemptsEndless
    case knownEndless
    case sessionOfNobody
    case sessionEndless
    case sessionNotIndexed
    case sessionsOrphaned
    case sessionEntryStale
    case blocksOrphaned
    case blockEntryStale
    case blockNotInForce
    case blockNotListed
    case nodeForgotten
    case activeMiscounted
  }

  package let kind: Kind
  /// One line for people, without a trailing full stop.
  package let text: String
  /// The words behind `redis-cli` that show it.
  package let evidence: [[UInt8]]
  /// What mends it; `nil` if nothing can without losing or inventing something.
  package let repair: Repair?

  init(_ kind: Kind, _ text: String, show evidence: String..., repair: Repair? = nil) {
    self.init(kind, text, show: evidence.map { Array($0.utf8) }, repair: repair)
  }

  init(_ kind: Kind, _ text: String, show evidence: [[UInt8]], repair: Repair? = nil) {
    (self.kind, self.text, self.evidence, self.repair) = (kind, text, evidence, repair)
  }
}
