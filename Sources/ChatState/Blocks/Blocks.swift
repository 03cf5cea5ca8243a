// Who refuses whose messages, in Redis.
// Never in force without being listed for its owner: see KeySpace for the order of the steps.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// Requests about blocks. A block is two steps: `list` then `enforce`, and the other way round `lift` then `unlist`.
package enum Blocks {
  /// What came of the first step.
  package enum Listing: Int, Sendable {
    case listed = 1
    /// The user blocks as many as one may.
    case full = 0
    /// The user's own account is gone.
    case noAccount = -1
  }

  /// The first step of a block.
  package static func list(_ other: AccountName, blockedBy user: AccountName) -> RedisRequest<Listing> {
    RedisRequest(
      RedisCommand(
        Scripts.blockList, keys: [KeySpace.blocked(by: user), KeySpace.account(user)],
        [.text(other.description), .number(ProtocolLimits.blockedUsers)])
    ) { $0.integer.flatMap { Listing(rawValue: $0) } }
  }

  /// The second step: from here on every node hears of it. `false`: there is no such user to block; `unlist` must follow.
  package static func enforce(_ other: AccountName, blockedBy user: AccountName) -> RedisRequest<Bool> {
    RedisRequest(
      RedisCommand(
        Scripts.blockEnforce, keys: [KeySpace.blockers(of: other), KeySpace.account(other)],
        [.text(user.description)] + news(of: other))
    ) { $0.integer.map { $0 == 1 } }
  }

  /// Ends a block: from here on every node hears of it. `unlist` follows.
  package static func lift(_ other: AccountName, blockedBy user: AccountName) -> RedisRequest<Void> {
    RedisRequest(
      RedisCommand(
        Scripts.blockLift, keys: [KeySpace.blockers(of: other)], [.text(user.description)] + news(of: other))
    ) { _ in () }
  }

  /// Takes a user out of the list.
  package static func unlist(_ other: AccountName, blockedBy user: AccountName) -> RedisRequest<Void> {
    RedisRequest(RedisCommand("ZREM", .text(KeySpace.blocked(by: user)), .text(other.description))) { _ in () }
  }

  /// Whom a user blocks, at most `ProtocolLimits.blockedUsers`, in alphabetical order.
  package static func names(blockedBy user: AccountName) -> RedisRequest<[AccountName]> {
    RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.blocked(by: user)), "0", "-1")) { names($0) }
  }

  /// Who blocks a user: the first `limit` of any number, in alphabetical order.
  package static func blockers(of user: AccountName, limit: Int) -> RedisRequest<[AccountName]> {
    RedisRequest(RedisCommand("ZRANGE", .text(KeySpace.blockers(of: user)), "0", .number(limit - 1))) { names($0) }
  }

  /// Whether `recipient` blocks `sender`.
  package static func isBlocked(_ sender: AccountName, by recipient: AccountName) -> RedisRequest<Bool> {
    RedisRequest(RedisCommand("ZSCORE", .text(KeySpace.blockers(of: sender)), .text(recipient.description))) {
      $0 != .null
    }
  }

  private static func names(_ reply: RedisReply) -> [AccountName]? {
    reply.elements?.compactMap { $0.text.flatMap { AccountName($0) } }
  }

  private static func news(of user: AccountName) -> [RedisArgument] {
    [.text(KeySpace.control), .text(ControlMessage.blocks(user).description)]
  }
}
