// What one event loop has counted, and how it stands at the moment of a scrape.
// Never holds a name or an address of anybody: labels are few and fixed.
// Pure value; copied from its loop to the one that answers.

import ChatProtocol

/// Counters since the start, and gauges.
struct Counters: Sendable {
  /// The codes of replies: `ok`, then every refusal.
  static let codes = ["ok"] + Refusal.Code.allCases.map(\.rawValue)
  private static let codeNumbers = Dictionary(
    uniqueKeysWithValues: Refusal.Code.allCases.enumerated().map { ($1, $0 + 1) })
  /// The commands, then `invalid` for a line that was none.
  static let commands = CommandWord.allCases.map(\.text) + ["invalid"]

  var accepted = 0
  /// Of clients, TLS not counted.
  var (bytesReceived, bytesSent) = (0, 0)
  var bound = 0
  /// By command, and within it by code.
  private(set) var replies = [Int](repeating: 0, count: commands.count * codes.count)
  /// From the arrival of a command until its reply is written, by command.
  var latency = [Histogram](repeating: Histogram(), count: commands.count)
  var refusals: [Limit: Int] = [:]
  var redisLatency = Histogram()
  var loopLag = Histogram()

  // How it stands now.
  var open = 0
  var sessions = 0
  /// What waits for clients to read it.
  var outboxBytes = 0
  var redisReconnects = 0
  var requestsInFlight = 0
  var feeds = 0
  var listeners = 0

  /// The place of a command in `commands`.
  static func number(of word: CommandWord?) -> Int { word?.rawValue ?? commands.count - 1 }

  mutating func count(_ reply: Reply, to word: CommandWord?) {
    let code = reply.refusal.map { Self.codeNumbers[$0] ?? 0 } ?? 0
    replies[Self.number(of: word) * Self.codes.count + code] += 1
  }

  /// How many sends were answered OK.
  var messages: Int { replies(Self.number(of: .send), 0) }

  /// How many commands got this code.
  func replies(_ command: Int, _ code: Int) -> Int { replies[command * Self.codes.count + code] }

  /// Takes in those of another event loop.
  mutating func add(_ other: Counters) {
    accepted += other.accepted
    bytesReceived += other.bytesReceived
    bytesSent += other.bytesSent
    bound += other.bound
    for index in replies.indices { replies[index] += other.replies[index] }
    for index in latency.indices { latency[index].add(other.latency[index]) }
    refusals.merge(other.refusals, uniquingKeysWith: +)
    redisLatency.add(other.redisLatency)
    loopLag.add(other.loopLag)
    open += other.open
    sessions += other.sessions
    outboxBytes += other.outboxBytes
    redisReconnects += other.redisReconnects
    requestsInFlight += other.requestsInFlight
    feeds += other.feeds
    listeners += other.listeners
  }
}
