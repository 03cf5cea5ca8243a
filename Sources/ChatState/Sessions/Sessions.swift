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

/// Requests about sessions.
package enum Sessions {
  /// A session lives this long after its last use, in milliseconds: 24 h.
  package static let life = 24 * 3600 * 1000

  /// Writes a new session. `enterInIndex` goes before it.
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

  /// Notes in the user's index how long a session lives at least.
  package static func enterInIndex(_ session: Session, at now: Timestamp) -> RedisCommand {
    RedisCommand(
      Scripts.sessionIndex, keys: [KeySpace.sessions(of: session.user)],
      [
        .text(session.id.description), .number(Int(now.milliseconds) + life), .number(Int(now.milliseconds)),
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

  /// Whether a session lives. Does not count as its use.
  package static func exists(_ id: SessionID) -> RedisRequest<Bool> {
    RedisRequest(RedisCommand("EXISTS", .text(KeySpace.session(id)))) { $0.integer.map { $0 == 1 } }
  }

  /// Ends a session: from here on its token is worthless.
  package static func end(_ id: SessionID) -> RedisRequest<Void> {
    RedisRequest(RedisCommand("DEL", .text(KeySpace.session(id)))) { _ in () }
  }

  /// What follows `end`: every node lets go of the session at once, and the index forgets it.
  package static func announceEnd(of id: SessionID, user: AccountName) -> [RedisCommand] {
    [
      RedisCommand("PUBLISH", .text(KeySpace.control), .text(ControlMessage.logout(id).description)),
      RedisCommand("ZREM", .text(KeySpace.sessions(of: user)), .text(id.description)),
    ]
  }

  /// The ids of a user's sessions.
  package static func ids(of user: AccountName) -> RedisRequest<[SessionID]> {
    RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.sessions(of: user)), "0", "-1")) {
      $0.elements?.compactMap { $0.text.flatMap { SessionID($0) } }
    }
  }
}

/// What nodes tell each other on the channel `control`.
package enum ControlMessage: Equatable, CustomStringConvertible {
  /// A session has ended.
  case logout(SessionID)

  package var description: String {
    switch self {
    case .logout(let id): "logout \(id)"
    }
  }

  /// Reads a message; `nil` for one that this version does not know.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, words[0] == "logout", let id = SessionID(String(words[1])) else { return nil }
    self = .logout(id)
  }
}
