// What a key is, read from its text: the inverse of KeySpace.
// Never guesses: what KeySpace would not have written has no shape.
// Pure value; any thread.

import ChatProtocol

/// A key of Kabar, with whom or what it belongs to. Each case is a row of the table in `KeySpace`.
package enum KeyShape: Hashable, Sendable {
  case accounts
  case nodes
  case active
  case account(AccountName)
  /// The list of an account in use, or of a disabled one, which takes no mail and so has another name.
  case inbox(AccountName, isDisabled: Bool)
  /// How far the account's readers are.
  case reading(AccountName)
  /// What a tagged send answered.
  case once(recipient: AccountName, sender: AccountName, tag: RequestTag)
  case sessions(AccountName)
  /// Whom the user blocks.
  case blocked(AccountName)
  /// Who blocks the user.
  case blockers(AccountName)
  case session(SessionID)
  /// Wrong passwords that came from there.
  case attempts(LoginSource)
  /// Somebody has logged in from there.
  case known(LoginSource)
  case node(NodeID)
  case nodeUsers(NodeID)

  /// Reads a key; `nil` if Kabar writes none like it.
  package init?(_ key: String) {
    guard key.hasPrefix(KeySpace.prefix) else { return nil }
    switch key {
    case KeySpace.accounts: self = .accounts
    case KeySpace.nodes: self = .nodes
    case KeySpace.active: self = .active
    default:
      let rest = key.dropFirst(KeySpace.prefix.count)
      guard let shape = Self.ofUser(rest) ?? Self.ofSession(rest) ?? Self.ofSource(rest) ?? Self.ofNode(rest)
      else { return nil }
      self = shape
    }
  }

  /// The key's text.
  package var key: String {
    switch self {
    case .accounts: KeySpace.accounts
    case .nodes: KeySpace.nodes
    case .active: KeySpace.active
    case .account(let name): KeySpace.account(name)
    case .inbox(let name, let isDisabled): isDisabled ? KeySpace.disabledInbox(name) : KeySpace.inbox(name)
    case .reading(let name): KeySpace.reading(name)
    case .once(let recipient, let sender, let tag): KeySpace.once(tag, from: sender, to: recipient)
    case .sessions(let name): KeySpace.sessions(of: name)
    case .blocked(let name): KeySpace.blocked(by: name)
    case .blockers(let name): KeySpace.blockers(of: name)
    case .session(let id): KeySpace.session(id)
    case .attempts(let source): KeySpace.attempts(from: source)
    case .known(let source): KeySpace.known(source)
    case .node(let id): KeySpace.node(id)
    case .nodeUsers(let id): KeySpace.nodeUsers(id)
    }
  }

  /// What `TYPE` answers for it.
  package var type: String {
    switch self {
    case .accounts, .nodes, .active, .sessions, .blocked, .blockers: "zset"
    case .account, .reading, .session, .attempts, .node, .nodeUsers: "hash"
    case .inbox: "list"
    case .once, .known: "string"
    }
  }

  private static func ofUser(_ rest: Substring) -> KeyShape? {
    guard rest.hasPrefix("{u:"), let end = rest.firstIndex(of: "}"),
      let name = exactName(rest[rest.index(rest.startIndex, offsetBy: 3)..<end])
    else { return nil }
    let part = rest[rest.index(after: end)...]
    switch part {
    case ":account": return .account(name)
    case ":inbox": return .inbox(name, isDisabled: false)
    case ":inbox:disabled": return .inbox(name, isDisabled: true)
    case ":reading": return .reading(name)
    case ":sessions": return .sessions(name)
    case ":blocked": return .blocked(name)
    case ":blockers": return .blockers(name)
    default:
      guard part.hasPrefix(":once:") else { return nil }
      let tag = part.dropFirst(":once:".count).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard tag.count == 2, let sender = exactName(tag[0]), let tag = RequestTag(String(tag[1]))
      else { return nil }
      return .once(recipient: name, sender: sender, tag: tag)
    }
  }

  private static func ofSession(_ rest: Substring) -> KeyShape? {
    guard rest.hasPrefix("session:"), let id = SessionID(String(rest.dropFirst("session:".count))),
      id.description == id.description.lowercased()
    else { return nil }
    return .session(id)
  }

  private static func ofSource(_ rest: Substring) -> KeyShape? {
    guard let colon = rest.firstIndex(of: ":"), let source = LoginSource(String(rest[rest.index(after: colon)...]))
    else { return nil }
    switch rest[..<colon] {
    case "attempts": return .attempts(source)
    case "known": return .known(source)
    default: return nil
    }
  }

  /// `NAME-xxxxxxxx`, as `NodeID` makes it: names have 1 to 64 letters, digits, `.`, `_` or `-`.
  private static func ofNode(_ rest: Substring) -> KeyShape? {
    guard rest.hasPrefix("node:") else { return nil }
    var id = rest.dropFirst("node:".count)
    let isUsers = id.hasSuffix(":users")
    if isUsers { id = id.dropLast(":users".count) }
    let name = id.dropLast(9)
    let random = id.suffix(9)
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard (1...64).contains(name.utf8.count), isName, random.first == "-",
      random.dropFirst().allSatisfy({ $0.isHexDigit && !$0.isUppercase && $0.isASCII })
    else { return nil }
    return isUsers ? .nodeUsers(NodeID(String(id))) : .node(NodeID(String(id)))
  }

  /// `AccountName` folds to lower case; a key does not.
  private static func exactName(_ text: Substring) -> AccountName? {
    AccountName(String(text)).flatMap { $0.description == text ? $0 : nil }
  }
}
