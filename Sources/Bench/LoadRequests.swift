// Owns: every request that the generator sends, on both wires, as bytes.
// Must never: make a string per message: what can be made before is.
// Runs on: the generator's event loop (a value that one object owns).

/// An account of a measurement.
package struct LoadAccount: Sendable {
  /// Its name, of the same length in all accounts of a run.
  package let name: String
  /// A session's token.
  package let token: String

  package init(name: String, token: String) { (self.name, self.token) = (name, token) }
}

/// The requests of one run. The bare Redis has one user, and a list or a channel in place of each account.
package struct LoadRequests: Sendable {
  /// The password of all accounts, and of Redis' user.
  package static let password = "bench-password"
  /// The user of the bare Redis.
  package static let redisUser = "bench"
  /// Elements that the bare Redis hands out at once.
  package static let page = 100

  private let wire: Wire
  private let accounts: [LoadAccount]
  /// What stands before the text of a message to each account.
  private var heads: [[UInt8]] = []
  private var text: [UInt8]
  private var tag: [UInt8]?

  /// - Parameters:
  ///   - payload: bytes of a message's text.
  ///   - tagRun: with tags, what makes this run's tags unlike those of others.
  package init(_ wire: Wire, accounts: [LoadAccount], payload: Int, isPublished: Bool, tagRun: String?) {
    (self.wire, self.accounts) = (wire, accounts)
    text = MessageNumber.blankText(count: payload)
    tag = wire == .line ? tagRun.map { Array("@id=\($0)-000000-00000000 ".utf8) } : nil
    let size = text.count
    heads = accounts.map { account in
      switch wire {
      case .line: Array("send \(account.name) ".utf8)
      case .resp:
        Array((Self.resp(isPublished ? "PUBLISH" : "RPUSH", account.name, open: 1) + "$\(size)\r\n").utf8)
      }
    }
  }

  /// How long a message's text is.
  var payload: Int { text.count }

  /// Writes the send of a message.
  mutating func send(_ message: MessageNumber, on connection: LoadConnection) {
    message.write(into: &text)
    if tag != nil {
      // Counted from the end: what stands before has any length.
      tag?.write(message.sender, digits: 6, endingAt: 10)
      tag?.write(message.sequence, digits: 8, endingAt: 1)
      connection.write(tag ?? [])
    }
    connection.write(heads[message.recipient])
    connection.write(text)
    connection.write(Self.lineEnd)
  }

  /// Binds a connection without hashing.
  func resume(_ account: Int) -> String {
    wire == .line ? "resume \(accounts[account].token)\r\n" : auth(account)
  }

  /// Logs in with a password.
  func auth(_ account: Int) -> String {
    wire == .line
      ? "auth \(accounts[account].name) \(Self.password)\r\n" : Self.resp("AUTH", Self.redisUser, Self.password)
  }

  /// Ends the session.
  var logout: String { "logout\r\n" }

  /// Asks for what waits; once more until nothing does.
  func collect(_ account: Int) -> String {
    wire == .line ? "inbox\r\n" : Self.resp("LMPOP", "1", accounts[account].name, "LEFT", "COUNT", "\(Self.page)")
  }

  /// Has messages come by themselves.
  func listen(_ account: Int) -> String {
    wire == .line ? "listen\r\n" : Self.resp("SUBSCRIBE", accounts[account].name)
  }

  /// Has presence of accounts told, in lines that are not too long.
  func watch(_ watched: Range<Int>) -> [String] {
    stride(from: watched.lowerBound, to: watched.upperBound, by: 200).map { first in
      let names = accounts[first..<min(first + 200, watched.upperBound)].map(\.name)
      return "watch \(names.joined(separator: " "))\r\n"
    }
  }

  /// Where the names of accounts begin to differ, and how long they are.
  var nameLength: Int { accounts.first?.name.utf8.count ?? 0 }

  private static let lineEnd = Array("\r\n".utf8)

  /// A command in RESP; `open` more words follow.
  private static func resp(_ words: String..., open: Int = 0) -> String {
    "*\(words.count + open)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }
}

extension [UInt8] {
  /// Writes a number in decimal digits with zeros before it; the last digit has `rest` bytes behind it.
  mutating func write(_ number: Int, digits: Int, endingAt rest: Int) {
    var left = number
    for place in 0..<digits {
      self[count - 1 - rest - place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: left % 10)
      left /= 10
    }
  }
}
