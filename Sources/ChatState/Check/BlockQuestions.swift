// The invariants around blocks: each stands in the keys of two users.
// Never decides for a user: what her list says is put in force, what it does not say is lifted.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

enum BlockQuestions {
  /// The list of whom an account blocks, or of who blocks it. Its entries are checked one by one.
  static func list(_ shape: KeyShape, of user: AccountName) -> Question {
    Question([RedisCommand("TYPE", .text(KeySpace.account(user))), RedisCommand("EXISTS", .text(shape.key))]) {
      guard !$0[0].isExisting, $0[1].integer == 1 else { return .fine }
      let text = "\(shape.key) belongs to \(user), but there is no such account"
      return .found([
        Violation(.blocksOrphaned, text, show: "EXISTS", KeySpace.account(user), repair: .removeBlocks(shape))
      ])
    }
  }

  /// Somebody whom `user` blocks.
  static func blocked(_ entry: [UInt8], by user: AccountName) -> Question {
    let list = KeySpace.blocked(by: user)
    let stale = Violation(
      .blockEntryStale, "\(user) blocks somebody who has no account",
      show: [Array("ZSCORE".utf8), Array(list.utf8), entry], repair: .removeBlockEntry(entry, .blocked(user)))
    let seen = RedisCommand("ZSCORE", .text(list), .bytes(entry))
    let owner = RedisCommand("TYPE", .text(KeySpace.account(user)))
    guard let other = name(entry) else {
      return Question([owner, seen]) { $0[0].isExisting && $0[1] != .null ? .found([stale]) : .fine }
    }
    let blockers = KeySpace.blockers(of: other)
    // Seen last: what is listed now was listed when the others were asked, or this is looked at again.
    return Question([
      RedisCommand("ZSCORE", .text(blockers), .text(user.description)),
      RedisCommand("TYPE", .text(KeySpace.account(other))), owner, seen,
    ]) { replies in
      guard replies[2].isExisting, replies[3] != .null else { return .fine }
      guard replies[1].isExisting else { return .found([stale]) }
      guard replies[0] == .null else { return .fine }
      let text = "\(user) blocks \(other), but the block is not in force"
      return .found([
        Violation(
          .blockNotInForce, text, show: "ZSCORE", blockers, user.description, repair: .enforceBlock(other, by: user))
      ])
    }
  }

  /// Somebody who blocks `user`.
  static func blocker(_ entry: [UInt8], of user: AccountName) -> Question {
    let seen = RedisCommand("ZSCORE", .text(KeySpace.blockers(of: user)), .bytes(entry))
    let owner = RedisCommand("TYPE", .text(KeySpace.account(user)))
    guard let other = name(entry) else {
      return Question([owner, seen]) { replies in
        guard replies[0].isExisting, replies[1] != .null else { return .fine }
        return .found([
          Violation(
            .blockEntryStale, "\(user) is blocked by what can't be an account name",
            show: [Array("ZSCORE".utf8), Array(KeySpace.blockers(of: user).utf8), entry],
            repair: .removeBlockEntry(entry, .blockers(user)))
        ])
      }
    }
    let list = KeySpace.blocked(by: other)
    return Question([RedisCommand("ZSCORE", .text(list), .text(user.description)), owner, seen]) { replies in
      guard replies[0] == .null, replies[1].isExisting, replies[2] != .null else { return .fine }
      let text = "\(user) is blocked by \(other), whose list does not say so"
      return .found([
        Violation(.blockNotListed, text, show: "ZSCORE", list, user.description, repair: .liftBlock(user, by: other))
      ])
    }
  }

  private static func name(_ entry: [UInt8]) -> AccountName? {
    guard let text = String(validating: entry, as: UTF8.self), let name = AccountName(text) else { return nil }
    return name.description == text ? name : nil
  }
}
