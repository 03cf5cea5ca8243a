// The replies of one connection, in the order of its requests.
// Never lets a reply overtake another.
// Pure value; on the event loop of its connection.

import ChatProtocol
import DequeModule
import NIOCore

/// A place in the order of replies.
struct ReplyTicket: Comparable {
  fileprivate let number: Int
  /// Until when the request may wait for Redis.
  let deadline: NIODeadline
  /// The command; `nil` if the line was none.
  let word: CommandWord?

  static func < (one: ReplyTicket, other: ReplyTicket) -> Bool { one.number < other.number }
}

/// Requests may finish in any order; their replies leave in the order of the requests.
struct ReplyQueue {
  private var replies = Deque<Reply?>()
  private var first = 0

  /// Replies that are owed.
  var count: Int { replies.count }

  /// Takes the next place.
  mutating func reserve(deadline: NIODeadline, for word: CommandWord? = nil) -> ReplyTicket {
    replies.append(nil)
    return ReplyTicket(number: first + replies.count - 1, deadline: deadline, word: word)
  }

  /// What became of a reply.
  enum Outcome {
    /// It is the next: it leaves now, and then what `next` brings.
    case isDue
    /// It is kept until those before it are there.
    case waits
    /// Its place is filled, or nobody waits any more.
    case isDropped
  }

  /// Puts the reply into its place; a place is filled once.
  mutating func fulfill(_ ticket: ReplyTicket, _ reply: Reply) -> Outcome {
    let index = ticket.number - first
    guard replies.indices.contains(index), case .none = replies[index] else { return .isDropped }
    if index > 0 {
      replies[index] = reply
      return .waits
    }
    replies.removeFirst()
    first += 1
    return .isDue
  }

  /// Whether this is the next place to be filled.
  func isNext(_ ticket: ReplyTicket) -> Bool { ticket.number == first }

  /// Nothing is owed any more: the connection ends.
  mutating func removeAll() {
    first += replies.count
    replies.removeAll()
  }

  /// The next reply, if it is there already.
  mutating func next() -> Reply? {
    guard let reply = replies.first ?? nil else { return nil }
    replies.removeFirst()
    first += 1
    return reply
  }
}
