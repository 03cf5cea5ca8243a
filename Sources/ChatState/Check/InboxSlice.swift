// Messages out of the middle of an inbox, under their numbers, for whoever looks at it from outside.
// Never confirms or marks anything: the user's own way is `FeedCall`.
// Pure values; any thread.

import RedisClient

/// Messages that follow each other in an inbox.
package struct InboxSlice: Sendable, Equatable {
  /// The sequence number of the first of `records`, or of the message that would come next.
  package let firstNumber: Int
  /// As stored: see `MessageRecord`.
  package let records: [[UInt8]]

  /// Reads at most `count` messages from a sequence number on, or from the oldest that is left. `.some(nil)` if there is no
  /// such list.
  package static func request(key: String, from number: Int, count: Int) -> RedisRequest<InboxSlice?> {
    let command = RedisCommand(Scripts.inboxSlice, keys: [key], [.number(number), .number(count)])
    return RedisRequest(command) { reply in
      guard let answer = reply.elements else { return nil }
      guard let first = answer.first else { return .some(nil) }
      return first.integer.map {
        InboxSlice(
          firstNumber: $0,
          records: answer.dropFirst().compactMap { if case .bytes(let bytes) = $0 { bytes } else { nil } })
      }
    }
  }
}
