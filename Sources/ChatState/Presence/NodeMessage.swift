// What a node is told on its own channel.
// Never carries a message's content: it is a hint to read, so losing or repeating it does no harm.
// Pure value; any thread.

import ChatProtocol

/// One message on the channel `node:ID`.
package enum NodeMessage: Equatable, Sendable, CustomStringConvertible {
  /// These users, who listen on the node, have new messages: `mail arini messi`.
  case mail([AccountName])

  /// The text on the channel.
  package var description: String {
    switch self {
    case .mail(let users): "mail " + users.map(\.description).joined(separator: " ")
    }
  }

  /// Reads a message; `nil` for one that this version does not know. Words that are no names are passed over.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.first == "mail" else { return nil }
    self = .mail(words.dropFirst().compactMap { AccountName(String($0)) })
  }
}
