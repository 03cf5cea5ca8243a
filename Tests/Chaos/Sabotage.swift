// Owns: the ways to break a guarantee on the wire between a node and Redis: the proof that a chaos run can fail.
// Must never: need a switch in the product.
// Runs on: the proxy's thread; a value for each connection.

/// A guarantee to break. Each rewrites requests into others with a reply of the same shape, so replies stay in step.
enum Sabotage: String, CaseIterable, Sendable {
  /// Every 20th plain send is answered as stored and is not.
  case acknowledgeWithoutStoring = "ack-without-storing"
  /// Reading an inbox removes what was read.
  case popOnRead = "pop-on-read"
  /// Every 20th plain send is stored twice.
  case storeTwice = "store-twice"
  /// Plain sends to one inbox that arrive together are stored in reverse.
  case swap
  /// A listener that reads on is sometimes given what comes behind the next message.
  case skipPushed = "skip-pushed"
  /// The store never remembers a tag.
  case forgetTags = "forget-tags"
}

/// What a sabotage makes of the requests of one connection.
struct Saboteur {
  let sabotage: Sabotage
  private var count = 0

  init(_ sabotage: Sabotage) { self.sabotage = sabotage }

  /// Requests that arrived together, rewritten.
  mutating func rewrite(_ requests: [[[UInt8]]]) -> [[[UInt8]]] {
    if sabotage == .swap { return Self.reversed(requests) }
    return requests.map { rewrite($0) }
  }

  private mutating func rewrite(_ words: [[UInt8]]) -> [[UInt8]] {
    switch sabotage {
    case .acknowledgeWithoutStoring where Self.isAppend(words) && isDue: Self.words("EVAL", "return 1", "0")
    case .storeTwice where Self.isAppend(words) && isDue:
      Self.words(
        "EVAL", "redis.call('RPUSHX', KEYS[1], ARGV[1]) return redis.call('RPUSHX', KEYS[1], ARGV[1])", "1")
        + words.dropFirst()
    case .popOnRead where words.count == 4 && words[0] == Array("LRANGE".utf8):
      Self.words("EVAL", Self.pop, "1") + words.dropFirst()
    case .skipPushed where Self.isReadingOn(words) && isDue: Self.skippingOne(words)
    case .forgetTags where words.first?.starts(with: "EVAL".utf8) == true:
      words.map { Self.isTagKey($0) ? $0 + Array("~\(next())".utf8) : $0 }
    default: words
    }
  }

  /// What a classic server does: `read = remove`. Element 0 goes on counting.
  private static let pop = """
    local page = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
    if #page > 1 then
      redis.call('LTRIM', KEYS[1], #page - 1, -1)
      redis.call('LSET', KEYS[1], 0, page[1] + #page - 1)
    end
    return page
    """

  private static func isAppend(_ words: [[UInt8]]) -> Bool { words.count == 3 && words[0] == Array("RPUSHX".utf8) }

  /// A call of `inbox_advance.lua` that reads behind a message that the listener has: EVALSHA, digest, 2, two keys, number to
  /// confirm, mark, patience, place, position, number behind which to read, its mark, records wanted.
  private static func isReadingOn(_ words: [[UInt8]]) -> Bool {
    words.count == 13 && words[4].suffix(8).elementsEqual(":reading".utf8) && words[10] != Array("-1".utf8)
      && words[12] != Array("0".utf8)
  }

  private static func skippingOne(_ words: [[UInt8]]) -> [[UInt8]] {
    var words = words
    words[10] = Array("\((Int(String(decoding: words[10], as: UTF8.self)) ?? 0) + 1)".utf8)
    words[11] = []
    return words
  }

  private static func isTagKey(_ word: [UInt8]) -> Bool {
    word.starts(with: "kabar:{".utf8) && String(decoding: word, as: UTF8.self).contains(":once:")
  }

  private static func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

  private mutating func next() -> Int {
    count += 1
    return count
  }

  private var isDue: Bool { mutating get { next() % 20 == 0 } }

  private static func reversed(_ requests: [[[UInt8]]]) -> [[[UInt8]]] {
    var result = requests
    let appends = requests.indices.filter { isAppend(requests[$0]) }
    for (_, indices) in Dictionary(grouping: appends, by: { requests[$0][1] }) {
      for (to, from) in zip(indices, indices.reversed()) { result[to] = requests[from] }
    }
    return result
  }
}
