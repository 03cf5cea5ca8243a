// The session that a connection is bound to.
// Never decides whether the session still lives: Redis does, a cached answer counts for a few seconds.
// On the event loop of its connection.

import ChatProtocol
import ChatState
import NIOCore

/// A session in use on a connection. A class: every command passes it on, and a value would be copied field by field.
final class Binding {
  /// How long an answer of Redis that the session lives is believed. The channel `control` ends it at once; this
  /// bounds what a lost message on that channel can do.
  private static let trust = TimeAmount.seconds(5)

  let session: Session
  let token: SessionToken
  /// The display name, ready for a reply.
  let display: JSONString
  /// What the records of its messages begin with.
  let recordHead: MessageRecord.Head
  /// What the session may still ask.
  let rate: SessionRate
  /// Who refuses the user's messages.
  let blockers: Blockers
  /// When Redis last said that the session lives; `nil`: ask again before the next command.
  private var checkedAt: NIODeadline?

  init(
    _ session: Session, token: SessionToken, rate: SessionRate, blockers: Blockers, checkedAt: NIODeadline
  ) {
    (self.session, self.token, self.rate) = (session, token, rate)
    (self.blockers, self.checkedAt) = (blockers, checkedAt)
    display = JSONString(session.display)
    recordHead = MessageRecord.Head(from: session.user, displayFrom: display)
  }

  /// Redis has just said that the session lives.
  func trust() { checkedAt = .now() }

  /// It may have ended.
  func distrust() { checkedAt = nil }

  func isTrusted(at now: NIODeadline) -> Bool { checkedAt.map { now < $0 + Self.trust } ?? false }
}
