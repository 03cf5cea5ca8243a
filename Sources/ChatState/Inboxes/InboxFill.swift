// How full the inboxes are that this event loop sends to, and so whether a plain append is safe.
// Never lets an inbox grow past its bounds unnoticed: what is not known is decided by the exact script.
// On one event loop.

import ChatProtocol
import NIOCore
import RedisClient

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

  /// What is known of one inbox. Shared, so that a message looks it up once.
  package final class Known {
    fileprivate var length = 0
    fileprivate var until = NIODeadline.now()
    fileprivate var underWay = 0
    /// When the last plain append began: its answer counts from then on, so that no answer needs a look at the clock.
    fileprivate var lastBegun = NIODeadline.now()

    /// A plain append has ended, with the length that Redis answered or without an answer.
    package func finished(length: Int?) {
      underWay -= 1
      if let length { learn(length, lastBegun) }
    }

    fileprivate func learn(_ length: Int, _ now: NIODeadline) {
      (self.length, until) = (length, now + InboxFill.memory)
    }
  }

  private let exactFrom: Int
  private var inboxes: [AccountName: Known] = [:]

  package init(_ limits: InboxLimits) { exactFrom = limits.exactFrom }

  /// What is known of the inbox, if a plain append may be sent now. It then counts as on its way until `finished`.
  package func beginPlainAppend(to user: AccountName, now: NIODeadline) -> Known? {
    guard let known = inboxes[user], now < known.until,
      known.underWay < min(Self.burst, (exactFrom - known.length) / 4)
    else { return nil }
    known.underWay += 1
    known.lastBegun = now
    return known
  }

  /// Redis has answered a length.
  package mutating func learn(_ user: AccountName, length: Int, now: NIODeadline) {
    if let known = inboxes[user] { return known.learn(length, now) }
    if inboxes.count >= Self.capacity { inboxes = inboxes.filter { $0.value.underWay > 0 } }
    let known = Known()
    known.learn(length, now)
    inboxes[user] = known
  }
}
