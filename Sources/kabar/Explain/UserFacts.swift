// What `kabar explain` knows of a user and of her inbox.
// Never a text of a message, a token or a password's hash: none is read.
// Pure values; any thread.

import ChatProtocol
import ChatState
import Foundation

/// A user as Redis has her.
struct UserFacts: Equatable {
  var name: String
  var display: String
  /// RFC 3339, as all times here.
  var created = ""
  /// Since when nobody may log in as her or send to her.
  var disabledSince: String?
  var sessions: [SessionFacts] = []
  var places: [ActivePlace] = []
  /// `nil`: the list is missing.
  var inbox: InboxFacts?
  /// How many she blocks, and how many block her.
  var blocks = 0
  var blockers = 0
}

/// One login. `id` is its short public name.
struct SessionFacts: Equatable {
  var id: String
  var created: String
  var seen: String
  var address: String
  var node: String
}

/// A node that counts her among its users.
struct ActivePlace: Equatable {
  var node: String
  /// It holds a lease; if not, its peers are about to remove it.
  var isAlive: Bool
  /// 0: she is in the grace after her last connection.
  var connections: Int
  var listeners: Int
}

/// An inbox, at one moment.
struct InboxFacts: Equatable {
  /// Element 0 of the list: how many messages have been confirmed and taken off, ever.
  var takenOff: Int
  /// How many stand in the list.
  var stored: Int
  var oldest: MessageGlimpse?
  var newest: MessageGlimpse?
  var reading = ReadingFacts()
}

/// What may be shown of a message. Its number is its `seq`.
struct MessageGlimpse: Equatable {
  var number: Int
  var id: String
  var from: String
  var at: String

  init(number: Int, id: String, from: String, at: String) {
    (self.number, self.id, self.from, self.at) = (number, id, from, at)
  }

  /// The same from a stored element.
  init(number: Int, stored: [UInt8]) {
    let record = MessageRecord(stored: stored)
    self.init(number: number, id: record.id.text, from: record.from.text, at: record.at.text)
  }
}

/// How far the readers of an inbox are: what the hash `reading` says.
struct ReadingFacts: Equatable {
  /// An event loop of a node, on which connections listen for her.
  struct Place: Equatable {
    /// `NODE/LOOP`
    var name: String
    /// Up to which message all its listeners have everything.
    var position: Int
    /// How long ago it said so, in milliseconds.
    var age: Int
  }

  /// The last message that was ever shown; 0: none.
  var shown = 0
  /// Up to which message all are confirmed, although they still stand in the list.
  var confirmed = 0
  var places: [Place] = []

  init(shown: Int = 0, confirmed: Int = 0, places: [Place] = []) {
    (self.shown, self.confirmed, self.places) = (shown, confirmed, places)
  }

  /// Reads the hash; `now` in milliseconds by the clock of Redis, which the places' times are by, too.
  init(_ fields: [(String, String)], now: Int) {
    for (field, value) in fields.sorted(by: { $0.0 < $1.0 }) {
      switch field {
      case "shown": shown = Int(value) ?? 0
      case "confirmed": confirmed = Int(value) ?? 0
      default:
        let parts = value.split(separator: " ")
        guard parts.count == 2, let position = Int(parts[0]), let called = Int(parts[1]) else { continue }
        places.append(Place(name: field, position: position, age: max(0, now - called)))
      }
    }
  }

  /// The places for which a confirmed message stays in the list: those that have not got it, and call.
  func holders(of number: Int) -> [Place] {
    places.filter { $0.position < number && $0.age <= Inboxes.placePatience }
  }
}

extension JSONString {
  /// What the string means.
  var text: String {
    let field = [UInt8]("{\"x\":".utf8) + utf8 + [UInt8(ascii: "}")]
    guard let object = try? JSONDecoder().decode([String: String].self, from: Data(field)) else { return "?" }
    return object["x"] ?? "?"
  }
}
