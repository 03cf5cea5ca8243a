// What mends a violation: in words, and as requests to Redis.
// Never removes a message, a key of unknown shape or anything that its violation does not name.
// Pure values; any thread.

import ChatProtocol
import RedisClient

/// A repair. Each is idempotent, and each leaves a state that is right also if the violation has gone in the meantime.
package enum Repair: Equatable, Sendable {
  case enterAccount(AccountName)
  case removeAccountEntry([UInt8])
  case mendInbox(AccountName)
  case removeReading(AccountName)
  case limitLife(KeyShape)
  /// `until` is when the session ends unless it is used (ms since 1970).
  case enterSession(SessionID, of: AccountName, until: Int)
  case endSession(SessionID, of: AccountName?)
  case removeSessions(of: AccountName)
  case removeSessionEntry([UInt8], of: AccountName)
  /// Removes the list of an account that is gone.
  case removeBlocks(KeyShape)
  case removeBlockEntry([UInt8], KeyShape)
  case enforceBlock(AccountName, by: AccountName)
  case liftBlock(AccountName, by: AccountName)
  case forgetNode(NodeID)
  case recountActive([UInt8])

  /// What it does, for people.
  package var text: String {
    switch self {
    case .enterAccount: "entered the account in the index"
    case .removeAccountEntry: "removed the entry from the index"
    case .mendInbox: "gave the account its inbox; no message was removed"
    case .removeReading:
      "removed it: the next messages count as not shown yet, and what waited for a listener comes again"
    case .limitLife: "set the time to live that it should have"
    case .enterSession: "entered the session in the user's index"
    case .endSession: "ended the session"
    case .removeSessions: "removed the index"
    case .removeSessionEntry: "removed the entry from the user's index"
    case .removeBlocks: "removed it"
    case .removeBlockEntry: "removed the entry"
    case .enforceBlock: "put the block in force"
    case .liftBlock: "lifted the block"
    case .forgetNode: "removed what was left of the node"
    case .recountActive: "set the user's entry to the number of her nodes"
    }
  }

  /// The commands that carry it out, one after the other.
  package func commands(in moment: CheckMoment) -> [RedisCommand] {
    switch self {
    case .enterAccount(let name): [Accounts.enterInIndex(name).command]
    case .removeAccountEntry(let entry): [RedisCommand("ZREM", .text(KeySpace.accounts), .bytes(entry))]
    case .mendInbox(let name):
      [
        RedisCommand(
          Scripts.inboxMend,
          keys: [
            KeySpace.account(name), KeySpace.inbox(name), KeyShape.inbox(name, isDisabled: true).key,
            KeySpace.reading(name),
          ])
      ]
    case .removeReading(let name): [RedisCommand("DEL", .text(KeySpace.reading(name)))]
    case .limitLife(let shape):
      [RedisCommand("PEXPIRE", .text(shape.key), .number(shape.life))]
    case .enterSession(let id, let user, let end):
      // GT: the session may have been used since, and then its own entry ends later.
      [RedisCommand("ZADD", .text(KeySpace.sessions(of: user)), "GT", .number(end), .text(id.description))]
    case .endSession(let id, let user):
      [Sessions.end(id).command] + (user.map { [Sessions.removeFromIndex(id, user: $0).command] } ?? [])
    case .removeSessions(let user): [RedisCommand("DEL", .text(KeySpace.sessions(of: user)))]
    case .removeSessionEntry(let entry, let user):
      [RedisCommand("ZREM", .text(KeySpace.sessions(of: user)), .bytes(entry))]
    case .removeBlocks(let shape): [RedisCommand("DEL", .text(shape.key))]
    case .removeBlockEntry(let entry, let shape): [RedisCommand("ZREM", .text(shape.key), .bytes(entry))]
    case .enforceBlock(let other, let user): [Blocks.enforce(other, blockedBy: user).command]
    case .liftBlock(let other, let user): [Blocks.lift(other, blockedBy: user).command]
    case .forgetNode(let id):
      [
        RedisCommand(
          Scripts.nodeForget, keys: [KeySpace.nodes, KeySpace.node(id), KeySpace.nodeUsers(id)],
          [.text(id.description)])
      ]
    case .recountActive(let user): [PresenceQuestions.recount(user, mending: true, in: moment)]
    }
  }
}

extension KeyShape {
  /// How long a key that ends may live at most, in milliseconds.
  fileprivate var life: Int {
    switch self {
    case .once: Inboxes.tagLife
    case .attempts: LoginAttempts.life
    case .known: LoginAttempts.knownLife
    default: Sessions.life
    }
  }
}
