// Finds a message by its id in one inbox or in all of them.
// Never asks for more than a page of a list at once.
// Async tasks.

import ChatProtocol
import ChatState
import RedisClient

/// An id names no recipient, so the search looks at every message until it has found it.
struct MessageSearch: Sendable {
  /// Messages per page: at most some 800 KB.
  private static let page = 100
  private static let accounts = 500
  /// Inboxes that are read side by side.
  private static let width = 8

  let reader: ExplainReader
  let id: JSONString

  init(_ id: String, reader: ExplainReader) { (self.id, self.reader) = (JSONString(id), reader) }

  /// Looks into every inbox, with a progress bar.
  func everywhere() async throws -> MessageFacts? {
    let progress = Progress(total: try await reader.accountCount(), label: "searching")
    defer { progress.finish() }
    var last: String?
    while case let names = try await reader.accounts(after: last, limit: Self.accounts), !names.isEmpty {
      if let found = try await search(names.compactMap { AccountName($0) }[...], progress) { return found }
      last = names.last
    }
    return nil
  }

  private func search(_ names: ArraySlice<AccountName>, _ progress: Progress) async throws -> MessageFacts? {
    try await withThrowingTaskGroup(of: MessageFacts?.self) { group in
      var rest = names
      for _ in 0..<Self.width { if let name = rest.popFirst() { group.addTask { try await inbox(of: name) } } }
      while let result = try await group.next() {
        progress.advance()
        if let result {
          group.cancelAll()
          return result
        }
        if let name = rest.popFirst() { group.addTask { try await inbox(of: name) } }
      }
      return nil
    }
  }

  /// Looks into the inbox of a user, whether her account is disabled or not.
  func inbox(of name: AccountName) async throws -> MessageFacts? {
    for isDisabled in [false, true] {
      let key = isDisabled ? KeySpace.disabledInbox(name) : KeySpace.inbox(name)
      guard let message = try await find(in: key) else { continue }
      let reading = try await reader.reading(of: name)
      // The message may have left its list between the two answers.
      let first = try await reader.takenOff(key)
      return MessageFacts(
        recipient: name.description, isDisabled: isDisabled, message: message, reading: reading,
        isTakenOff: first.map { $0 >= message.number } ?? false)
    }
    return nil
  }

  /// Page by page; what is taken off meanwhile is not missed, nor is a page read twice.
  private func find(in key: String) async throws -> MessageGlimpse? {
    var next = 1
    while !Task.isCancelled, let slice = try await reader.slice(of: key, from: next, count: Self.page) {
      if let found = match(slice) { return found }
      if slice.records.count < Self.page { return nil }
      next = slice.firstNumber + slice.records.count
    }
    return nil
  }

  private func match(_ slice: InboxSlice) -> MessageGlimpse? {
    for (offset, stored) in slice.records.enumerated() where MessageRecord(stored: stored).id == id {
      return MessageGlimpse(number: slice.firstNumber + offset, stored: stored)
    }
    return nil
  }
}
