// A message as it is stored: one JSON object, one element of the recipient's inbox list.
// Never trusts what it reads back: an operator or another program may have written it.
// Pure value; any thread.

/// What an inbox element holds: `{"from":"lineker","msg_from":"Gary Lineker","msg":"…","id":"…","at":"…Z"}`.
///
/// The recipient's name and the sequence number are not in it: the key and the place in the list say them.
package struct MessageRecord: Equatable, Sendable {
  /// The stored element; of one that is none of ours, what it is shown as.
  private let bytes: [UInt8]
  private let places: Places
  /// An element that is none of ours.
  private let foreign: [UInt8]?

  /// Where the values stand, with their quotes. `nil`: there is none.
  fileprivate struct Places: Equatable {
    var from, displayFrom, text, id, at, idMember: Range<Int>?
  }

  private static let empty = JSONString("")

  /// Account name of the sender.
  package var from: JSONString { value(places.from) }
  /// Display name of the sender when the message was sent.
  package var displayFrom: JSONString { value(places.displayFrom ?? places.from) }
  /// The text.
  package var text: JSONString { value(places.text) }
  /// The message's id, unique over all nodes and times.
  package var id: JSONString { value(places.id) }
  /// When the node took it, RFC 3339 in UTC.
  package var at: JSONString { value(places.at) }
  /// A piece of the stored element by which it is known again: its id, or all of it where it has none.
  package var mark: [UInt8] { Array(marking) }

  /// Appends the mark.
  package func appendMark(to target: inout [UInt8]) { target.append(contentsOf: marking) }

  private var marking: ArraySlice<UInt8> { foreign?[...] ?? places.idMember.map { bytes[$0] } ?? bytes[...] }

  private func value(_ place: Range<Int>?) -> JSONString { place.map { JSONString(scanned: bytes[$0]) } ?? Self.empty }

  /// What all records of one sender begin with, encoded once.
  package struct Head: Sendable {
    fileprivate let bytes: [UInt8]

    package init(from: AccountName, displayFrom: JSONString) {
      var bytes: [UInt8] = []
      bytes.appendJSON("{\"from\":")
      bytes.appendJSON(from)
      bytes.appendJSON(",\"msg_from\":")
      bytes.appendJSON(displayFrom)
      bytes.appendJSON(",\"msg\":")
      self.bytes = bytes
    }
  }

  /// Appends the stored form of a new message. `at` is plain text without anything to escape.
  package static func encode(
    _ head: Head, text: MessageText, id: MessageID, at: String, into bytes: inout [UInt8]
  ) {
    bytes.append(contentsOf: head.bytes)
    bytes.appendJSON(utf8: text.utf8.span)
    bytes.appendJSON(",\"id\":")
    bytes.appendJSON(id)
    bytes.appendJSON(",\"at\":")
    bytes.appendJSON(plain: at)
    bytes.append(UInt8(ascii: "}"))
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
    if (try? UTF8Span(validating: bytes.span)) != nil, let places = Places(in: bytes), let from = places.from,
      JSONString(scanned: bytes[from]).isPlainASCII, places.text != nil
    {
      (self.bytes, self.places, foreign) = (bytes, places, nil)
    } else {
      var shown = Array("{\"from\":\"?\",\"msg\":".utf8)
      shown.appendJSON(string: String(decoding: bytes, as: UTF8.self))
      shown.append(UInt8(ascii: "}"))
      (self.bytes, places, foreign) = (shown, Places(in: shown) ?? Places(), bytes)
    }
  }
}

extension MessageRecord.Places {
  /// Of a member that stands twice, the first counts.
  init?(in bytes: [UInt8]) {
    func has(_ name: Range<Int>, _ wanted: StaticString) -> Bool {
      wanted.withUTF8Buffer { wanted in
        name.count == wanted.count + 2 && bytes[name.lowerBound + 1..<name.upperBound - 1].elementsEqual(wanted)
      }
    }
    let isObject = JSONFields.visit(flatObject: bytes) { name, value in
      if has(name, "from") {
        from = from ?? value
      } else if has(name, "msg_from") {
        displayFrom = displayFrom ?? value
      } else if has(name, "msg") {
        text = text ?? value
      } else if has(name, "at") {
        at = at ?? value
      } else if has(name, "id"), id == nil {
        (id, idMember) = (value, name.lowerBound..<value.upperBound)
      }
    }
    if !isObject { return nil }
  }
}
