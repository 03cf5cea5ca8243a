// The invariants around sessions: their user, their end, and the user's index of them.
// Never sees a token: sessions go by its digest.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

enum SessionQuestions {
  /// The index is written by the clock of a node, the session's end by the clock of Redis. An entry counts as not yet
  /// ended only beyond this difference, in milliseconds.
  static let clockTolerance = 60_000

  /// A session hash.
  static func session(_ id: SessionID, in moment: CheckMoment) -> Question {
    let key = KeySpace.session(id)
    return Question([RedisCommand("HGET", .text(key), "user"), RedisCommand("PTTL", .text(key))]) { replies in
      guard let life = replies[1].integer, life != -2 else { return .fine }
      var found: [Violation] = []
      if life == -1 {
        found.append(
          Violation(
            .sessionEndless, "the session \(id.short)… never ends", show: "PTTL", key,
            repair: .limitLife(.session(id))))
      }
      guard let user = replies[0].text.flatMap({ AccountName($0) }) else {
        let text = "the session \(id.short)… doesn't say whose it is"
        found.append(
          Violation(.sessionOfNobody, text, show: "HGET", key, "user", repair: .endSession(id, of: nil)))
        return .found(found)
      }
      let end = moment.milliseconds + (life > 0 ? life : Sessions.life)
      return .ask(owned(id, by: user, until: end, found))
    }
  }

  private static func owned(
    _ id: SessionID, by user: AccountName, until end: Int, _ found: [Violation]
  ) -> Question {
    let index = KeySpace.sessions(of: user)
    // The session last: if it is there now, it was there all the time, for its id is never used again.
    return Question([
      RedisCommand("ZSCORE", .text(index), .text(id.description)),
      RedisCommand("TYPE", .text(KeySpace.account(user))),
      RedisCommand("EXISTS", .text(KeySpace.session(id))),
    ]) { replies in
      guard replies[2].integer == 1 else { return .fine }
      guard replies[1].isExisting else {
        let text = "the session \(id.short)… belongs to \(user), but there is no such account"
        let violation = Violation(
          .sessionOfNobody, text, show: "EXISTS", KeySpace.account(user), repair: .endSession(id, of: user))
        return .found(found + [violation])
      }
      guard replies[0] == .null else { return .found(found) }
      let text = "the session \(id.short)… is missing in the index of \(user)'s sessions"
      let violation = Violation(
        .sessionNotIndexed, text, show: "ZSCORE", index, id.description,
        repair: .enterSession(id, of: user, until: end))
      return .found(found + [violation])
    }
  }

  /// A user's index of sessions. Its entries are checked one by one.
  static func index(of user: AccountName) -> Question {
    let key = KeySpace.sessions(of: user)
    return Question([RedisCommand("TYPE", .text(KeySpace.account(user))), RedisCommand("EXISTS", .text(key))]) {
      guard !$0[0].isExisting, $0[1].integer == 1 else { return .fine }
      let text = "\(key) is the index of \(user)'s sessions, but there is no such account"
      return .found([
        Violation(
          .sessionsOrphaned, text, show: "EXISTS", KeySpace.account(user), repair: .removeSessions(of: user))
      ])
    }
  }

  /// An entry of a user's index of sessions.
  static func entry(_ entry: [UInt8], of user: AccountName, in moment: CheckMoment) -> Question {
    let index = KeySpace.sessions(of: user)
    let id = String(validating: entry, as: UTF8.self).flatMap { SessionID($0) }
    // What is no id has no session either.
    let session = KeySpace.prefix + "session:" + (id?.description ?? "?")
    return Question([
      RedisCommand("ZSCORE", .text(index), .bytes(entry)), RedisCommand("EXISTS", .text(session)),
    ]) { replies in
      guard let score = replies[0].text.flatMap({ Double($0) }), replies[1].integer == 0,
        score > Double(moment.milliseconds + clockTolerance)
      else { return .fine }
      let repair = Repair.removeSessionEntry(entry, of: user)
      guard let id else {
        let show = [Array("ZSCORE".utf8), Array(index.utf8), entry]
        let text = "the index of \(user)'s sessions holds what can't be a session"
        return .found([Violation(.sessionEntryStale, text, show: show, repair: repair)])
      }
      let text = "the index of \(user)'s sessions holds \(id.short)…, but there is no such session"
      return .found([Violation(.sessionEntryStale, text, show: "EXISTS", session, repair: repair)])
    }
  }
}
