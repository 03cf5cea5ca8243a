// How one thing is checked: which commands to ask Redis, and what their replies mean.
// Never sends anything and never waits: `kabar check` does.
// Pure values; any thread.

import ChatProtocol
import RedisClient

/// What the whole check shares at one moment.
package struct CheckMoment: Sendable {
  /// The clock of Redis, ms since 1970.
  package let milliseconds: Int
  /// The members of `kabar:nodes`; `nil` if that is no sorted set.
  package let nodes: [NodeID]?

  package init(milliseconds: Int, nodes: [NodeID]?) { (self.milliseconds, self.nodes) = (milliseconds, nodes) }
}

/// Commands and the judgement of their replies. The commands are sent in their order, each after the reply to the one
/// before: where two facts change together, the order keeps a change in between from looking like a violation.
package struct Question: Sendable {
  /// What the replies mean.
  package enum Verdict: Sendable {
    case found([Violation])
    /// More must be known.
    case ask(Question)
    /// The replies don't belong to this moment: ask again at a new one.
    case outdated

    /// Nothing is wrong.
    package static let fine = Verdict.found([])
  }

  package let commands: [RedisCommand]
  /// Takes as many replies as there are commands. An error among them is a WRONGTYPE, which is another key's violation.
  package let judge: @Sendable ([RedisReply]) -> Verdict

  init(_ commands: [RedisCommand], judge: @escaping @Sendable ([RedisReply]) -> Verdict) {
    (self.commands, self.judge) = (commands, judge)
  }

  /// Asks for the type of a key first, then goes on if it is the one that its shape has. A key that has gone since it
  /// was seen is fine.
  init(about shape: KeyShape, then next: @escaping @Sendable () -> Verdict) {
    self.init([RedisCommand("TYPE", .text(shape.key))]) { replies in
      guard let type = replies[0].text, type != "none" else { return .fine }
      guard type == shape.type else {
        let text = "\(shape.key) is a \(type), not a \(shape.type)"
        return .found([Violation(.wrongType, text, show: "TYPE", shape.key)])
      }
      return next()
    }
  }
}

/// One thing to check.
package enum CheckSubject: Hashable, Sendable {
  /// A key that begins with `KeySpace.prefix`.
  case key([UInt8])
  /// A member of `kabar:accounts`.
  case accountEntry([UInt8])
  /// A member of `{u:NAME}:sessions`.
  case sessionEntry([UInt8], of: AccountName)
  /// A member of `{u:NAME}:blocked`
  case blockedEntry([UInt8], by: AccountName)
  /// A member of `{u:NAME}:blockers`
  case blockerEntry([UInt8], of: AccountName)
  /// A member of `kabar:active`, or a user of a node.
  case activeUser([UInt8])

  /// How it is checked.
  package func question(in moment: CheckMoment) -> Question {
    switch self {
    case .key(let bytes):
      guard let key = String(validating: bytes, as: UTF8.self), let shape = KeyShape(key) else {
        return Self.unknown(bytes)
      }
      return Self.question(about: shape, in: moment)
    case .accountEntry(let entry): return AccountQuestions.entry(entry)
    case .sessionEntry(let entry, let user): return SessionQuestions.entry(entry, of: user, in: moment)
    case .blockedEntry(let entry, let user): return BlockQuestions.blocked(entry, by: user)
    case .blockerEntry(let entry, let user): return BlockQuestions.blocker(entry, of: user)
    case .activeUser(let user): return PresenceQuestions.user(user, in: moment)
    }
  }

  private static func question(about shape: KeyShape, in moment: CheckMoment) -> Question {
    Question(about: shape) {
      switch shape {
      case .accounts, .nodes, .active: .fine  // their members are checked one by one
      case .account(let name): .ask(AccountQuestions.account(name))
      case .inbox(let name, let isDisabled): .ask(AccountQuestions.inbox(name, isDisabled: isDisabled))
      case .reading(let name): .ask(AccountQuestions.reading(name))
      case .once: .ask(AccountQuestions.once(shape))
      case .sessions(let name): .ask(SessionQuestions.index(of: name))
      case .blocked(let name), .blockers(let name): .ask(BlockQuestions.list(shape, of: name))
      case .session(let id): .ask(SessionQuestions.session(id, in: moment))
      case .attempts: .ask(AccountQuestions.attempts(shape))
      case .known: .ask(AccountQuestions.known(shape))
      case .node(let id), .nodeUsers(let id): .ask(PresenceQuestions.node(id, shape))
      }
    }
  }

  private static func unknown(_ key: [UInt8]) -> Question {
    Question([RedisCommand("TYPE", .bytes(key))]) { replies in
      guard let type = replies[0].text, type != "none" else { return .fine }
      let text = "a key of a shape that Kabar doesn't write, a \(type)"
      return .found([Violation(.unknownKey, text, show: [Array("TYPE".utf8), key])])
    }
  }
}

extension RedisReply {
  /// A `TYPE` that says that there is a key.
  var isExisting: Bool { text.map { $0 != "none" } ?? false }
  /// A number as Kabar writes it: digits, nothing else.
  var count: Int? {
    guard case .bytes(let bytes) = self, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return integer
  }
  var isError: Bool { if case .error = self { true } else { false } }
}
