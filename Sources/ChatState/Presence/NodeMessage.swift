// What a node is told on its own channel.
// Never the truth: it is a hint to look into the inbox, so losing or repeating it does no harm.
// Pure value; any thread.

import ChatProtocol

/// One message on the channel `node:ID`.
package enum NodeMessage: Equatable, Sendable {
  /// These users, who listen on the node, have new messages: `mail arini messi`.
  case mail([AccountName])
  /// This one has, and which, with its number in her inbox; all before it are confirmed: `mail arini =17 {"from":…}`. To a node that
  /// does not know this form it is `mail` as above, because no name begins with `=`. `inbox_deliver.lua` publishes it.
  case message(MessageRecord, sequence: Int, to: AccountName)

  /// Reads a message; `nil` for one that this version does not know. Words that are no names are passed over.
  package init?(_ payload: [UInt8]) {
    let words = payload.split(separator: UInt8(ascii: " "), maxSplits: 3)
    guard let kind = words.first, kind.elementsEqual("mail".utf8) else { return nil }
    if words.count == 4, words[2].first == UInt8(ascii: "="), let user = AccountName(text(words[1])),
      let sequence = Int(text(words[2].dropFirst())), ProtocolLimits.sequences.contains(sequence)
    {
      self = .message(MessageRecord(stored: Array(words[3])), sequence: sequence, to: user)
    } else {
      self = .mail(text(payload[...]).split(separator: " ").dropFirst().compactMap { AccountName(String($0)) })
    }
  }

  /// The payload of `mail`.
  static func mailPayload(for users: some Sequence<AccountName>) -> String {
    "mail " + users.map(\.description).joined(separator: " ")
  }
}

private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
