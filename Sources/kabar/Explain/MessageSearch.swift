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
  /// How often one page may have to be read again.
  private static let tries = 100
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

  /// Page by page. Messages leave the front of the list meanwhile, which moves the others: each page counts only if
  /// element 0, which says how many have left, is the same before and after.
  private func find(in key: String) async throws -> MessageGlimpse? {
    let head = try await reader.elements(of: key, from: 0, count: Self.page + 1)
    guard let count = head.first.flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) else { return nil }
    if let found = match(head.dropFirst(), firstNumber: count + 1) { return found }
    if head.count <= Self.page { return nil }
    var (takenOff, next, tries) = (count, count + Self.page + 1, 0)
    while tries < Self.tries, !Task.isCancelled {
      let records = try await reader.elements(of: key, from: next - takenOff, count: Self.page)
      guard let now = try await reader.takenOff(key) else { return nil }
      tries += 1
      if now == takenOff {
        if let found = match(records[...], firstNumber: next) { return found }
        if records.count < Self.page { return nil }
        (next, tries) = (next + Self.page, 0)
      }
      (takenOff, next) = (now, max(next, now + 1))
    }
    if Task.isCancelled { return nil }
    throw Failure("\(key) does not keep still for a moment; try again")
  }

  private func match(_ records: ArraySlice<[UInt8]>, firstNumber: Int) -> MessageGlimpse? {
    for (offset, stored) in records.enumerated() where MessageRecord(stored: stored).id == id {
      return MessageGlimpse(number: firstNumber + offset, stored: stored)
    }
    return nil
  }
}
