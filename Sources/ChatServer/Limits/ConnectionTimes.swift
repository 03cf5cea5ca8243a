// Since when a connection is what it is, and how long it may stay so.
// Never ends a connection: it names the limit that was passed.
// Pure value; on the event loop of its connection.

import NIOCore

/// The clocks of one connection.
struct ConnectionTimes {
  private enum Stage { case introducing, anonymous, loggedIn }

  private var stage: Stage
  private var stageBegan: NIODeadline
  /// Arrivals, not lines: what lies here unread must not keep a connection that its client has forgotten. (Bytes that
  /// make no line are the line's time.)
  private var lastArrival: NIODeadline
  private var lineBegan: NIODeadline?

  /// `isIntroduced`: neither a TLS handshake nor a PROXY header has to come first.
  init(isIntroduced: Bool, now: NIODeadline) {
    (stage, stageBegan, lastArrival) = (isIntroduced ? .anonymous : .introducing, now, now)
  }

  /// Whether it has no session.
  var isAnonymous: Bool { stage != .loggedIn }
  /// Whether lines can come, so that it can be told something.
  var isIntroduced: Bool { stage != .introducing }

  /// The peer has said who it is and can send lines now.
  mutating func introduced(at now: NIODeadline) {
    if stage == .introducing { (stage, stageBegan) = (.anonymous, now) }
  }

  mutating func loggedIn(at now: NIODeadline) { (stage, stageBegan) = (.loggedIn, now) }

  mutating func loggedOut(at now: NIODeadline) { (stage, stageBegan) = (.anonymous, now) }

  mutating func bytesArrived(at now: NIODeadline) { lastArrival = now }

  /// A whole line has come; what stands behind it is the next one's beginning.
  mutating func lineEnded() { lineBegan = nil }

  /// The bytes behind the last line end: none, or the beginning of a line.
  mutating func lineIsOpen(_ isOpen: Bool, at now: NIODeadline) {
    if !isOpen { lineBegan = nil } else if lineBegan == nil { lineBegan = now }
  }

  /// The limit that is passed, if one is. `isCrowded`: many connections have no session.
  func passed(_ limits: ClientLimits, isCrowded: Bool, now: NIODeadline) -> Limit? {
    func isOver(_ limit: TimeAmount?, since: NIODeadline?) -> Bool {
      guard let limit, let since else { return false }
      return since + limit <= now
    }
    switch stage {
    case .introducing where isOver(limits.loginTime, since: stageBegan): return .loginTime
    case .anonymous where isCrowded && isOver(limits.loginTime, since: stageBegan): return .loginTime
    default: break
    }
    if isOver(limits.lineTime, since: lineBegan) { return .lineTime }
    if isOver(limits.idleTime, since: lastArrival) { return .idleTime }
    return nil
  }
}
