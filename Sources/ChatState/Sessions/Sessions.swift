// Sessions in Redis: opening, using, ending, listing.
// Never sees a token longer than it takes to hash it.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// Whose a session is.
package struct Session: Sendable, Equatable {
  package let id: SessionID
  package let user: AccountName
  /// The name that others see.
  package let display: String

  package init(id: SessionID, user: AccountName, display: String) {
    (self.id, self.user, self.display) = (id, user, display)
  }
}

/// What an operator is shown of a session: when it was opened and last used (RFC 3339), from where and on which node.
package struct SessionDetails: Sendable, Equatable {
  package let created: String
  package let seen: String
  package let address: String
  package let node: String
}

/// Requests about sessions.
package enum Sessions {
  /// A session lives this long after its last use, in milliseconds: 24 h.
  package static let life = 24 * 3600 * 1000

  /// Writes a new session. It counts once `enterInIndex` has worked.
  package static func open(
    _ session: Session, node: NodeID, address: String, at now: Timestamp
  ) -> RedisRequest<Void> {
    let fields: KeyValuePairs<String, String> = [
      "user": session.user.description, "name": session.display, "node": node.description, "address": address,
      "created": now.description, "seen": now.description,
    ]
    return RedisRequest(
      RedisCommand(
        Scripts.sessionOpen, keys: [KeySpace.session(session.id)],
        [.number(life)] + fields.flatMap { [.text($0.key), .text($0.value)] })
    ) { _ in () }
  }

  /// Notes in the user's index how long a session lives at least. `false`: the account is gone, disabled, or (where the
  /// checked password is given) has another password now; the session must end.
  package static func enterInIndex(
    _ session: Session, passwordHash: String = "", at now: Timestamp
  ) -> RedisRequest<Bool> {
    RedisRequest(index(session, passwordHash, limit: 0, at: now)) {
      $0.elements?.first?.integer.map { $0 == 1 }
    }
  }

  /// The same for a new session. Answers which older ones are more than `limit` with it, those unused for longest first:
  /// they must end (`end`, `removeFromIndex`). `.some(nil)`: the new one must.
  package static func enterNew(
    _ session: Session, passwordHash: String, limit: Int, at now: Timestamp
  ) -> RedisRequest<[SessionID]?> {
    RedisRequest(index(session, passwordHash, limit: limit, at: now)) { reply in
      guard let answer = reply.elements, let isEntered = answer.first?.integer else { return nil }
      return .some(isEntered == 1 ? answer.dropFirst().compactMap { $0.text.flatMap { SessionID($0) } } : nil)
    }
  }

  private static func index(_ session: Session, _ passwordHash: String, limit: Int, at now: Timestamp) -> RedisCommand {
    RedisCommand(
      Scripts.sessionIndex, keys: [KeySpace.sessions(of: session.user), KeySpace.account(session.user)],
      [
        .text(session.id.description), .number(Int(now.milliseconds) + life), .number(Int(now.milliseconds)),
        .text(passwordHash), .number(limit),
      ])
  }

  /// Prolongs a session; `.some(nil)` if it has ended.
  package static func use(_ id: SessionID, at now: Timestamp) -> RedisRequest<Session?> {
    RedisRequest(
      RedisCommand(
        Scripts.sessionUse, keys: [KeySpace.session(id)], [.number(life), .text(now.description)])
    ) { reply in
      if case .null = reply { return .some(nil) }
      guard let who = reply.elements, who.count == 2, let user = who[0].text.flatMap({ AccountName($0) }) else {
        return nil
      }
      return Session(id: id, user: user, display: who[1].text ?? user.description)
    }
  }

  /// Whose a session is, without prolonging it: for when Redis takes no writes. `.some(nil)` if it has ended.
  package static func look(_ id: SessionID) -> RedisRequest<Session?> {
    RedisRequest(RedisCommand("HMGET", .text(KeySpace.session(id)), "user", "name")) { reply in
      guard let who = reply.elements, who.count == 2 else { return nil }
      guard let user = who[0].text.flatMap({ AccountName($0) }) else { return .some(nil) }
      return Session(id: id, user: user, display: who[1].text ?? user.description)
    }
  }

  /// Whether a session lives. Does not count as its use.
  package static func exists(_ id: SessionID) -> RedisRequest<Bool> {
    RedisRequest(RedisCommand("EXISTS", .text(KeySpace.session(id)))) { $0.integer.map { $0 == 1 } }
  }

  /// What an operator is shown of a session; `.some(nil)` if it has ended.
  package static func details(of id: SessionID) -> RedisRequest<SessionDetails?> {
    RedisRequest(RedisCommand("HMGET", .text(KeySpace.session(id)), "created", "seen", "address", "node")) { reply in
      guard let fields = reply.elements, fields.count == 4 else { return nil }
      guard let created = fields[0].text else { return .some(nil) }
      return SessionDetails(
        created: created, seen: fields[1].text ?? "", address: fields[2].text ?? "", node: fields[3].text ?? "")
    }
  }

  /// Ends a session: from here on its token is worthless, and every node lets go of it.
  package static func end(_ id: SessionID) -> RedisRequest<Void> {
    RedisRequest(
      RedisCommand(
        Scripts.sessionEnd, keys: [KeySpace.session(id)],
        [.text(KeySpace.control), .text(ControlMessage.logout(id).description)])
    ) { _ in () }
  }

  /// Takes an ended session out of the index.
  package static func removeFromIndex(_ id: SessionID, user: AccountName) -> RedisRequest<Void> {
    RedisRequest(RedisCommand("ZREM", .text(KeySpace.sessions(of: user)), .text(id.description))) { _ in () }
  }

  /// The ids of a user's sessions.
  package static func ids(of user: AccountName) -> RedisRequest<[SessionID]> {
    RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.sessions(of: user)), "0", "-1")) {
      $0.elements?.compactMap { $0.text.flatMap { SessionID($0) } }
    }
  }
}
