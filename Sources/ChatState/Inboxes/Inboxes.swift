// Inbox lists in Redis: appending, reading the head, confirming.
// Never pops: a message leaves its list only when it was confirmed.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

/// What came of an append.
package enum AppendOutcome: Sendable, Equatable {
  /// Stored; the list has this length now.
  case stored(length: Int)
  /// A request with the same tag had stored it, under this id.
  case duplicate(id: String)
  case noSuchAccount
  case full

  /// Reads the answers of `RPUSHX` and of `inbox_append.lua`.
  fileprivate init?(_ reply: RedisReply) {
    switch reply {
    case .integer(0): self = .noSuchAccount
    case .integer(-1): self = .full
    case .integer(let length): self = .stored(length: length)
    case .bytes: self = .duplicate(id: reply.text ?? "")
    default: return nil
    }
  }
}

/// Requests about inboxes. Element 0 of a list says how many messages were ever confirmed; element i holds the message
/// with the sequence number (element 0) + i. The list exists as long as its account.
package enum Inboxes {
  /// How long a tag is remembered, in milliseconds: 10 min.
  package static let tagLife = 600_000
  /// How long what is confirmed waits for a listening place that doesn't call, in milliseconds: longer than the pause between
  /// two calls of a place that lives. So long can the messages of a user whose node has died fill her inbox although another
  /// device of hers has confirmed them.
  package static let placePatience = 15_000

  /// Appends the request that stores a message, if the account exists: `RPUSHX` answers the length of the list, or 0 when
  /// there is none. It knows no bound (see `InboxFill`) and must not be repeated: nobody could tell a second message from
  /// the first.
  package static func encodeAppend(_ record: [UInt8], to user: AccountName, into bytes: inout [UInt8]) {
    rightPush.encode(keyBytes: KeySpace.inboxBytes(user), record, into: &bytes) { KeySpace.appendInbox(user, to: &$0) }
  }

  private static let rightPush = PreparedCommand("RPUSHX")

  /// What came of such a command: a request would take a closure for each message.
  package static func outcome(of result: Result<RedisReply, RedisError>) -> Result<AppendOutcome, RedisError> {
    // Nearly always, and on the path of every message.
    if case .success(.integer(let length)) = result, length > 0 { return .success(.stored(length: length)) }
    return RedisRequest.value(of: result) { AppendOutcome($0) }
  }

  /// Stores a message as a plain append does and tells a node on which the recipient listens. If no other message waits for her the
  /// notice carries this one, and the node need not read it.
  package static func deliver(_ record: [UInt8], to user: AccountName, on node: NodeID) -> RedisCommand {
    let arguments: [RedisArgument] = [.text(KeySpace.nodeChannel(node)), .text(user.description), .bytes(record)]
    return RedisCommand(wholeScript: Scripts.inboxDeliver, keys: [KeySpace.inbox(user)], arguments).appending(.never)
  }

  /// Stores a message within the bounds.
  package static func appendWithin(
    _ limits: InboxLimits, _ record: [UInt8], to user: AccountName
  ) -> RedisRequest<AppendOutcome> {
    append(record, keys: [KeySpace.inbox(user)], limits, id: "").appending(.never)
  }

  /// The same, once for each tag: repeating it does no harm.
  package static func appendOnce(
    _ limits: InboxLimits, _ record: [UInt8], id: String, to user: AccountName, from sender: AccountName,
    tag: RequestTag
  ) -> RedisRequest<AppendOutcome> {
    append(record, keys: [KeySpace.inbox(user), KeySpace.once(tag, from: sender, to: user)], limits, id: id)
      .appending(.afterLoss)
  }

  /// The id of the message that a request with this tag has stored; `.some(nil)` if none has lately.
  package static func stored(
    with tag: RequestTag, to user: AccountName, from sender: AccountName
  ) -> RedisRequest<String?> {
    RedisRequest(RedisCommand("GET", .text(KeySpace.once(tag, from: sender, to: user)))) { .some($0.text) }
  }

  /// The script goes as a whole (EVAL): had Redis forgotten it, a call by digest would be refused and repeated, and a
  /// later message of the same sender could overtake it.
  private static func append(
    _ record: [UInt8], keys: [String], _ limits: InboxLimits, id: String
  ) -> RedisRequest<AppendOutcome> {
    let arguments: [RedisArgument] = [
      .bytes(record), .number(limits.messages), .number(limits.bytes), .number(ProtocolLimits.recordBytes), .text(id),
      .number(tagLife),
    ]
    return RedisRequest(RedisCommand(wholeScript: Scripts.inboxAppend, keys: keys, arguments)) { AppendOutcome($0) }
  }

  /// Reads the oldest messages and leaves them there: at most `ProtocolLimits.pageMessages` and, beyond the first,
  /// `ProtocolLimits.pageBytes`. `.some(nil)` if there is no such account. What is confirmed and only waits for another
  /// listener is among them: see `InboxPage.dropConfirmed`.
  package static func page(of user: AccountName, displayTo: JSONString) -> RedisRequest<InboxPage?> {
    // One more than a page tells whether there are more.
    let last = ProtocolLimits.pageMessages + 1
    return RedisRequest(RedisCommand("LRANGE", .text(KeySpace.inbox(user)), "0", .number(last))) { reply in
      guard let elements = reply.elements else { return nil }
      guard let first = elements.first else { return .some(nil) }
      guard let confirmed = first.integer, ProtocolLimits.sequences.contains(confirmed) else { return nil }
      return InboxPage(displayTo: displayTo, confirmed: confirmed, elements: elements.dropFirst())
    }
  }

  /// The same page behind all that is confirmed: for an inbox that begins with more than a page of such messages.
  package static func pageBehindConfirmed(of user: AccountName, displayTo: JSONString) -> RedisRequest<InboxPage?> {
    let call = FeedCall(place: "", position: nil, after: nil, wanted: ProtocolLimits.pageMessages + 1)
    return RedisRequest(advance(user, nil, call, placePatience)) { reply in
      guard let answer = reply.elements else { return nil }
      guard answer.count >= 6 else { return .some(nil) }
      return answer[3].integer.map {
        .some(InboxPage(displayTo: displayTo, confirmed: $0, elements: answer.dropFirst(6)))
      }
    }
  }

  /// The length of the list, element 0 included; 0 if there is no such account.
  package static func length(of user: AccountName) -> RedisRequest<Int> {
    RedisRequest(RedisCommand("LLEN", .text(KeySpace.inbox(user)))) { $0.integer }
  }

  /// How far the readers of an inbox are.
  package static func progress(of user: AccountName) -> RedisRequest<ReadingProgress> {
    RedisRequest(RedisCommand("HMGET", .text(KeySpace.reading(user)), "shown", "confirmed")) { reply in
      guard let fields = reply.elements, fields.count == 2 else { return nil }
      return ReadingProgress(shown: fields[0].integer ?? 0, confirmed: fields[1].integer ?? 0)
    }
  }

  /// Notes that messages up to `sequence` are about to be shown. It only serves the mark `redelivered`.
  package static func noteShown(of user: AccountName, upTo sequence: Int) -> RedisCommand {
    RedisCommand(Scripts.inboxShown, keys: [KeySpace.reading(user), KeySpace.inbox(user)], [.number(sequence)])
  }

  /// Confirms all messages up to the one that is named, if its place holds its mark. Answers how many messages are
  /// confirmed in all, or `.some(nil)` if it is another message.
  package static func confirm(
    of user: AccountName, _ message: MessagePlace, patience: Int = placePatience
  ) -> RedisRequest<Int?> {
    RedisRequest(advance(user, message, nil, patience)) { reply in
      guard let answer = reply.elements else { return nil }
      guard answer.count >= 6 else { return .some(nil) }
      return answer[1].integer == 1 ? answer[0].integer : .some(nil)
    }
  }

  /// Confirms, says what the place has, and reads on. `.some(nil)` if there is no such account.
  package static func advance(
    of user: AccountName, confirming message: MessagePlace?, _ call: FeedCall, patience: Int = placePatience
  ) -> RedisRequest<FeedAnswer?> {
    RedisRequest(advance(user, message, call, patience)) { reply in
      guard let answer = reply.elements else { return nil }
      return answer.isEmpty ? .some(nil) : FeedAnswer(answer).map { .some($0) }
    }
  }

  private static func advance(
    _ user: AccountName, _ message: MessagePlace?, _ call: FeedCall?, _ patience: Int
  ) -> RedisCommand {
    var arguments: [RedisArgument] = [
      .number(message?.sequence ?? 0), .bytes(message?.mark ?? []), .number(patience),
    ]
    if let call {
      arguments += [
        .text(call.place), call.position.map { .number($0) } ?? "", .number(call.after?.sequence ?? -1),
        .bytes(call.after?.mark ?? []), .number(call.wanted),
      ]
    }
    return RedisCommand(Scripts.inboxAdvance, keys: [KeySpace.inbox(user), KeySpace.reading(user)], arguments)
  }
}

extension InboxPage {
  fileprivate init(displayTo: JSONString, confirmed: Int, elements: ArraySlice<RedisReply>) {
    var records: [MessageRecord] = []
    var bytes = 0
    for element in elements.prefix(ProtocolLimits.pageMessages) {
      guard case .bytes(let stored) = element else { break }
      bytes += stored.count
      if bytes > ProtocolLimits.pageBytes, !records.isEmpty { break }
      records.append(MessageRecord(stored: stored))
    }
    self.init(
      displayTo: displayTo, firstSequence: confirmed + 1, records: records, hasMore: records.count < elements.count)
  }
}
