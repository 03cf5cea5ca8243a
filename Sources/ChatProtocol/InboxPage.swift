// A page of an inbox: the oldest waiting messages of one user, and how a reply shows them.
// Never drops an element: what can't be read is shown as it is.
// Pure value; any thread.

/// The head of an inbox.
package struct InboxPage: Sendable {
  /// Display name of the reader, who received all of these.
  package let displayTo: JSONString
  /// Sequence number of the first message; the others follow without gaps.
  package private(set) var firstSequence: Int
  /// The messages, oldest first.
  package private(set) var records: [MessageRecord]
  /// Whether more messages wait behind these.
  package let hasMore: Bool
  /// Whose inbox it is; `nil` for a page that nobody will confirm.
  package var reader: AccountName?
  /// Messages up to this sequence number were shown before and not confirmed.
  package var shownBefore = 0

  package init(
    displayTo: JSONString, firstSequence: Int, records: [MessageRecord], hasMore: Bool
  ) {
    self.displayTo = displayTo
    self.firstSequence = firstSequence
    self.records = records
    self.hasMore = hasMore
  }

  /// Leaves out what the reader has confirmed already: all messages up to this number.
  package mutating func dropConfirmed(upTo sequence: Int) {
    let count = min(max(sequence - firstSequence + 1, 0), records.count)
    records.removeFirst(count)
    firstSequence += count
  }

  /// Whether all of it is confirmed already, and more waits behind it.
  package func isConfirmedWhole(upTo sequence: Int) -> Bool {
    hasMore && lastSequence.map { $0 <= sequence } ?? false
  }

  /// Sequence number of the last message; `nil` for an empty page.
  package var lastSequence: Int? { records.isEmpty ? nil : firstSequence + records.count - 1 }

  /// Appends the value of `messages` and the keys behind it: an object from sender to messages, senders in the order of
  /// their oldest message, the messages of each oldest first.
  func encode(into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    for (place, sender) in groups().enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.appendJSON(sender.name)
      bytes.appendJSON(":[")
      for (position, index) in sender.indices.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        encode(records[index], sequence: firstSequence + index, into: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    }
    bytes.append(UInt8(ascii: "}"))
    if hasMore { bytes.appendJSON(",\"more\":true") }
  }

  private func encode(_ record: MessageRecord, sequence: Int, into bytes: inout [UInt8]) {
    bytes.appendJSON("{\"msg_from\":")
    bytes.appendJSON(record.displayFrom)
    bytes.appendJSON(",\"msg_to\":")
    bytes.appendJSON(displayTo)
    bytes.appendJSON(",\"msg\":")
    bytes.appendJSON(record.text)
    bytes.appendJSON(",\"id\":")
    bytes.appendJSON(record.id)
    bytes.appendJSON(",\"seq\":")
    bytes.appendJSON(sequence)
    bytes.appendJSON(",\"at\":")
    bytes.appendJSON(record.at)
    if sequence <= shownBefore { bytes.appendJSON(",\"redelivered\":true") }
    bytes.append(UInt8(ascii: "}"))
  }

  private func groups() -> [(name: JSONString, indices: [Int])] {
    var groups: [(name: JSONString, indices: [Int])] = []
    var place: [JSONString: Int] = [:]
    for (index, record) in records.enumerated() {
      let from = record.from
      if let last = groups.indices.last, groups[last].name == from {
        groups[last].indices.append(index)  // most often; comparing is cheaper than hashing
      } else if let known = place[from] {
        groups[known].indices.append(index)
      } else {
        place[from] = groups.count
        groups.append((from, [index]))
      }
    }
    return groups
  }
}
