// What the nodes tell each other about sessions and blocks, as text on a channel.
// Never needed for what is right: a node that missed one finds out by itself when it next checks the session.
// Pure value; any thread.

import ChatProtocol

/// What nodes tell each other on the channel `control`.
package enum ControlMessage: Equatable, CustomStringConvertible {
  /// A session has ended.
  case logout(SessionID)
  /// Who blocks this user has changed: whoever holds a session of hers reads it again.
  case blocks(AccountName)

  package var description: String {
    switch self {
    case .logout(let id): "logout \(id)"
    case .blocks(let name): "blocks \(name)"
    }
  }

  /// Reads a message; `nil` for one that this version does not know.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2 else { return nil }
    switch words[0] {
    case "logout":
      guard let id = SessionID(String(words[1])) else { return nil }
      self = .logout(id)
    case "blocks":
      guard let name = AccountName(String(words[1])) else { return nil }
      self = .blocks(name)
    default: return nil
    }
  }
}
