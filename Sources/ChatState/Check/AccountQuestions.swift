// The invariants around one account: its index entry, its fields, its inbox, how far its readers are.
// Never asks for what messages say.
// Pure functions; any thread.

import ChatProtocol
import RedisClient

enum AccountQuestions {
  /// An account hash.
  static func account(_ name: AccountName) -> Question {
    let key = KeySpace.account(name)
    let inbox = KeySpace.inbox(name)
    let parked = KeyShape.inbox(name, isDisabled: true).key
    return Question([
      RedisCommand("ZSCORE", .text(KeySpace.accounts), .text(name.description)),
      RedisCommand("HMGET", .text(key), "name", "password", "created", "disabled"),
      RedisCommand("TYPE", .text(inbox)),
      RedisCommand("TYPE", .text(parked)),
    ]) { replies in
      // All fields missing: the account has gone.
      guard let fields = replies[1].elements, fields.count == 4, fields.contains(where: { $0 != .null }) else {
        return .fine
      }
      var found: [Violation] = []
      if replies[0] == .null {
        found.append(
          Violation(
            .accountNotIndexed, "the account \(name) is missing in the index of accounts",
            show: "ZSCORE", KeySpace.accounts, name.description, repair: .enterAccount(name)))
      }
      let bad = unusable(fields)
      if !bad.isEmpty {
        let text = "the account \(name) has no usable \(bad.joined(separator: ", "))"
        found.append(Violation(.accountIncomplete, text, show: "HMGET", key, "name", "password", "created"))
      }
      let isDisabled = fields[3] != .null
      found += lists(name, isDisabled, inbox: replies[2].isExisting, parked: replies[3].isExisting)
      return .found(found)
    }
  }

  private static func unusable(_ fields: [RedisReply]) -> [String] {
    var bad: [String] = []
    if fields[0].text.flatMap({ DisplayName($0) }) == nil { bad.append("name") }
    if fields[1].text.flatMap({ PasswordHash($0) }) == nil { bad.append("password") }
    if fields[2].text.map(\.isEmpty) ?? true { bad.append("created") }
    return bad
  }

  /// Exactly one list, under the name that the account's state asks for.
  private static func lists(_ name: AccountName, _ isDisabled: Bool, inbox: Bool, parked: Bool) -> [Violation] {
    let keys = [KeySpace.inbox(name), KeyShape.inbox(name, isDisabled: true).key]
    switch (inbox, parked) {
    case (false, false):
      return [
        Violation(
          .inboxMissing, "the account \(name) has no inbox", show: "EXISTS", keys[0], keys[1],
          repair: .mendInbox(name))
      ]
    case (true, true):
      return [Violation(.inboxTwice, "the account \(name) has two inboxes", show: "EXISTS", keys[0], keys[1])]
    case (true, false) where isDisabled:
      let text = "the account \(name) is disabled, but its inbox takes mail"
      return [Violation(.inboxMisnamed, text, show: "EXISTS", keys[0], repair: .mendInbox(name))]
    case (false, true) where !isDisabled:
      let text = "the account \(name) is not disabled, but its inbox is named as if it were"
      return [Violation(.inboxMisnamed, text, show: "EXISTS", keys[1], repair: .mendInbox(name))]
    default: return []
    }
  }

  /// A member of the index of accounts.
  static func entry(_ entry: [UInt8]) -> Question {
    let name = String(validating: entry, as: UTF8.self).flatMap { text in
      AccountName(text).flatMap { $0.description == text ? $0 : nil }
    }
    let show = [Array("ZSCORE".utf8), Array(KeySpace.accounts.utf8), entry]
    guard let name else {
      return Question([RedisCommand("ZSCORE", .text(KeySpace.accounts), .bytes(entry))]) { replies in
        guard replies[0] != .null else { return .fine }
        let text = "the index of accounts holds what can't be an account name"
        return .found([Violation(.accountEntryStale, text, show: show, repair: .removeAccountEntry(entry))])
      }
    }
    return Question([
      RedisCommand("ZSCORE", .text(KeySpace.accounts), .bytes(entry)),
      RedisCommand("TYPE", .text(KeySpace.account(name))),
    ]) { replies in
      guard let score = replies[0].text else { return .fine }
      guard replies[1].isExisting else {
        let text = "the index of accounts holds \(name), but there is no such account"
        return .found([
          Violation(
            .accountEntryStale, text, show: "EXISTS", KeySpace.account(name), repair: .removeAccountEntry(entry))
        ])
      }
      guard score != "0" else { return .fine }
      let text = "\(name) has the score \(score) in the index of accounts: lists in alphabetical order need 0"
      return .found([Violation(.accountEntryScored, text, show: show, repair: .enterAccount(name))])
    }
  }

  /// An inbox list, or that of a disabled account.
  static func inbox(_ name: AccountName, isDisabled: Bool) -> Question {
    let key = KeyShape.inbox(name, isDisabled: isDisabled).key
    let account = KeySpace.account(name)
    return Question([
      RedisCommand("TYPE", .text(account)), RedisCommand("LINDEX", .text(key), "0"),
    ]) { replies in
      guard replies[1] != .null, !replies[1].isError else { return .fine }
      var found: [Violation] = []
      let hasAccount = replies[0].isExisting
      if !hasAccount {
        let text = "\(key) is the inbox of \(name), but there is no such account; no repair removes messages"
        found.append(Violation(.inboxOrphaned, text, show: "EXISTS", account))
      }
      if replies[1].count == nil {
        found.append(
          Violation(
            .inboxUncounted, "\(key) does not begin with the number of confirmed messages", show: "LINDEX", key, "0",
            repair: hasAccount ? .mendInbox(name) : nil))
      }
      return .found(found)
    }
  }

  /// How far the readers of an inbox are. None can be further than the inbox reaches.
  static func reading(_ name: AccountName) -> Question {
    let key = KeySpace.reading(name)
    let lists = [KeySpace.inbox(name), KeySpace.disabledInbox(name)]
    // In this order a message that arrives or is confirmed in between can only make the inbox look longer.
    return Question(
      [RedisCommand("HGETALL", .text(key)), RedisCommand("TYPE", .text(KeySpace.account(name)))]
        + lists.flatMap { [RedisCommand("LLEN", .text($0)), RedisCommand("LINDEX", .text($0), "0")] }
    ) { replies in
      guard let fields = replies[0].elements, !fields.isEmpty else { return .fine }
      let repair = Repair.removeReading(name)
      guard replies[1].isExisting else {
        let text = "\(key) belongs to \(name), but there is no such account"
        return .found([Violation(.readingOrphaned, text, show: "EXISTS", KeySpace.account(name), repair: repair)])
      }
      let ends = [(2, 3), (4, 5)].compactMap { length, first in
        replies[first].count.flatMap { count in replies[length].integer.map { count + $0 - 1 } }
      }
      for (field, value) in stride(from: 0, to: fields.count - 1, by: 2).map({ (fields[$0], fields[$0 + 1]) }) {
        let name = field.text ?? "?"
        guard let sequence = position(value, of: name) else {
          let text = "\(key) has no usable \(name)"
          return .found([Violation(.readingUnreadable, text, show: "HGET", key, name, repair: repair)])
        }
        if let end = ends.max(), sequence > end {
          let text = "\(key) says \(name) is at \(sequence), but the inbox has never held more than \(end)"
          return .found([Violation(.readingBeyondEnd, text, show: "HGET", key, name, repair: repair)])
        }
      }
      return .fine
    }
  }

  /// The sequence number in a field: alone, or of a listening place with the time when it said so.
  private static func position(_ value: RedisReply, of field: String) -> Int? {
    if field == "shown" || field == "confirmed" { return value.count }
    let parts = (value.text ?? "").split(separator: " ").map { RedisReply.bytes(Array($0.utf8)).count }
    return parts.count == 2 && parts[1] != nil ? parts[0] : nil
  }

  /// Wrong passwords, forgotten an hour after the last.
  static func attempts(_ shape: KeyShape) -> Question {
    ending(shape, within: LoginAttempts.life, "an hour", .attemptsEndless)
  }

  /// An address that somebody has logged in from, known for a week.
  static func known(_ shape: KeyShape) -> Question {
    ending(shape, within: LoginAttempts.knownLife, "7 days", .knownEndless)
  }

  /// What a tagged send answered, remembered for ten minutes.
  static func once(_ shape: KeyShape) -> Question {
    ending(shape, within: Inboxes.tagLife, "10 minutes", .onceEndless)
  }

  private static func ending(_ shape: KeyShape, within limit: Int, _ words: String, _ kind: Violation.Kind) -> Question
  {
    Question([RedisCommand("PTTL", .text(shape.key))]) { replies in
      guard let life = replies[0].integer, life == -1 || life > limit else { return .fine }
      let text = "\(shape.key) has no end within \(words)"
      return .found([Violation(kind, text, show: "PTTL", shape.key, repair: .limitLife(shape))])
    }
  }
}
