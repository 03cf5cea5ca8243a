// A message as it is stored: one JSON object, one element of the recipient's inbox list.
// Never trusts what it reads back: an operator or another program may have written it.
// Pure value; any thread.

/// What an inbox element holds: `{"from":"lineker","msg_from":"Gary Lineker","msg":"…","id":"…","at":"…Z"}`.
///
/// The recipient's name and the sequence number are not in it: the key and the place in the list say them.
package struct MessageRecord: Equatable, Sendable {
  /// Account name of the sender.
  package let from: JSONString
  /// Display name of the sender when the message was sent.
  package let displayFrom: JSONString
  /// The text.
  package let text: JSONString
  /// The message's id, unique over all nodes and times.
  package let id: JSONString
  /// When the node took it, RFC 3339 in UTC.
  package let at: JSONString
  /// A piece of the stored element by which it is known again: its id, or all of it where it has none.
  package let mark: [UInt8]

  /// The stored form of a new message. `at` is plain text without anything to escape, like `id`.
  package static func encode(
    from: AccountName, displayFrom: JSONString, text: MessageText, id: String, at: String
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(120 + displayFrom.utf8.count + text.utf8.count)
    bytes.appendJSON("{\"from\":")
    bytes.appendJSON(plain: from.description)
    bytes.appendJSON(",\"msg_from\":")
    bytes.appendJSON(displayFrom)
    bytes.appendJSON(",\"msg\":")
    bytes.appendJSON(utf8: text.utf8.span)
    bytes.appendJSON(",\"id\":")
    bytes.appendJSON(plain: id)
    bytes.appendJSON(",\"at\":")
    bytes.appendJSON(plain: at)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// The mark of a record that Kabar has written, from its id.
  package static func mark(ofID id: String) -> [UInt8] {
    var bytes = Array("\"id\":".utf8)
    bytes.appendJSON(string: id)
    return bytes
  }

  /// Reads a stored element. One that is no such object (someone wrote it by hand) becomes a message from `?` with the
  /// whole element as its text, so that it is seen rather than lost. So does one whose sender has more than one spelling
  /// in JSON: a reply groups by sender, and of two equal keys most decoders keep one.
  package init(stored bytes: [UInt8]) {
    if (try? UTF8Span(validating: bytes.span)) != nil, let fields = JSONFields(flatObject: bytes),
      let from = fields["from"], from.isPlainASCII, let text = fields["msg"]
    {
      self.from = from
      self.text = text
      displayFrom = fields["msg_from"] ?? from
      id = fields["id"] ?? JSONString("")
      at = fields["at"] ?? JSONString("")
      mark = fields.member("id") ?? bytes
    } else {
      from = JSONString("?")
      displayFrom = from
      text = JSONString(String(decoding: bytes, as: UTF8.self))
      id = JSONString("")
      at = id
      mark = bytes
    }
  }
}
