// How full the inboxes are that this event loop sends to, and so whether a plain append is safe.
// Never lets an inbox grow past its bounds unnoticed: what is not known is decided by the exact script.
// Pure value; on one event loop.

import ChatProtocol
import NIOCore

/// The bounds of every inbox.
package struct InboxLimits: Sendable, Equatable {
  /// Messages that may wait.
  package var messages = 10_000
  /// Bytes that the list may take in Redis's memory.
  package var bytes = 16 << 20

  package init() {}

  /// From this length on only the exact script appends: nine tenths of what the bounds allow, had every record the largest
  /// size.
  var exactFrom: Int { min(messages, bytes / ProtocolLimits.recordBytes) * 9 / 10 }
}

/// Remembers the lengths that Redis answered.
///
/// A plain append (`RPUSHX`) can't refuse, so it is used only while the inbox is known to be far from full: of what is left
/// up to nine tenths of the bound after the last answer, one loop has at most a quarter under way, and never more than
/// `burst`. So up to four loops together can't pass the nine tenths unseen. More of them can, by at most `burst` × loops
/// messages before each has seen an answer, and once: from then on every answer sends them to the script. The same holds
/// for a loop whose last answer is old.
package struct InboxFill {
  /// Plain appends to one inbox that may be on their way from one loop.
  package static let burst = 512
  /// How long an answer is believed.
  static let memory = TimeAmount.minutes(10)
  /// Inboxes that are remembered at a time.
  static let capacity = 65_536

  private struct Known {
    var length: Int
    var until: NIODeadline
    var underWay = 0
  }

  private let exactFrom: Int
  private var inboxes: [AccountName: Known] = [:]

  package init(_ limits: InboxLimits) { exactFrom = limits.exactFrom }

  /// Whether a plain append may be sent now. If so it counts as on its way until `finished`.
  package mutating func mayAppendPlainly(to user: AccountName, now: NIODeadline) -> Bool {
    guard let known = inboxes[user], now < known.until,
      known.underWay < min(Self.burst, (exactFrom - known.length) / 4)
    else { return false }
    inboxes[user]?.underWay += 1
    return true
  }

  /// A plain append has ended, with the length that Redis answered or without an answer.
  package mutating func finished(_ user: AccountName, length: Int?, now: NIODeadline) {
    inboxes[user]?.underWay -= 1
    if let length { learn(user, length: length, now: now) }
  }

  /// Redis has answered a length.
  package mutating func learn(_ user: AccountName, length: Int, now: NIODeadline) {
    let until = now + Self.memory
    if inboxes[user] != nil {
      inboxes[user]?.length = length
      inboxes[user]?.until = until
    } else {
      if inboxes.count >= Self.capacity { inboxes = inboxes.filter { $0.value.underWay > 0 } }
      inboxes[user] = Known(length: length, until: until)
    }
  }
}
