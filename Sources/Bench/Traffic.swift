// Owns: the messages of one measurement: who sends the next one to whom, and when it came.
// Must never: be touched from two threads.
// Runs on: the generator's event loop.
import NIOCore

/// What the connections of one measurement of messages share.
final class Traffic {
  /// How one measurement sends.
  struct Plan {
    /// Messages of each sender.
    var perSender: Int
    /// The number of the first sender in the ledger: other rounds have others.
    var firstSender: Int
    /// Closed loop: requests that each sender keeps on their way.
    var depth: Int
    /// Open loop: messages a second of all senders together; nil for a closed loop.
    var rate: Double?
    /// Open loop: requests that a sender may have on their way; beyond that they wait, and their time runs on.
    var deepest = 1024
    /// The time of a message runs from when it was written: how long the client held it back is no matter of the server's.
    var countsFromWriting = false
    /// For each sender the recipients (accounts) that it takes in turn.
    var routes: [[Int]]
  }

  let wire: Wire
  var plan: Plan
  var requests: LoadRequests
  var ledger: MessageLedger
  var refusals = Refusals()
  private(set) var acknowledgements = Latency()
  private(set) var deliveries = Latency()
  /// Messages that have been written.
  private(set) var written = 0
  /// Connections that are logged in (and listen).
  var ready = 0
  /// Connections that ended before they were told to.
  var broken = 0
  /// When the last acknowledgement and the last message came.
  private(set) var lastAcknowledged: UInt64 = 0
  private(set) var lastReceived: UInt64 = 0
  /// When a send was last refused, or took longer than an overloaded server may.
  private(set) var lastTrouble: UInt64 = 0
  /// Nothing more is sent: the time is over.
  var isStopped = false
  /// A message that the generator itself throws away when it comes: only tests set it, to see that it is missed.
  var dropped: MessageNumber?

  init(_ wire: Wire, plan: Plan, requests: LoadRequests) {
    (self.wire, self.plan, self.requests) = (wire, plan, requests)
    ledger = MessageLedger(firstSender: plan.firstSender, senders: plan.routes.count, perSender: plan.perSender)
  }

  /// How many requests a sender may have on their way.
  var depth: Int { plan.rate == nil ? plan.depth : plan.deepest }

  /// Writes the message `sequence` of `sender`, planned for `time`.
  func send(_ sequence: Int, of sender: Int, planned time: UInt64, on connection: LoadConnection) {
    let route = plan.routes[sender]
    let recipient = route[(sequence * plan.routes.count + sender) % route.count]
    let message = MessageNumber(sender: plan.firstSender + sender, recipient: recipient, sequence: sequence)
    written += 1
    ledger.note(sent: message, at: time)
    requests.send(message, on: connection)
  }

  /// Latencies from here on are measured by themselves, at this rate.
  func beginPhase(rate: Double) {
    plan.rate = rate
    acknowledgements = Latency()
  }

  /// A send was answered OK.
  func acknowledged(_ sequence: Int, of sender: Int, at now: UInt64) {
    let planned = ledger.note(acknowledged: plan.firstSender + sender, sequence)
    acknowledgements.record(from: planned, to: now)
    lastAcknowledged = now
    if now > planned + Overload.patience { lastTrouble = now }
  }

  /// A request was refused.
  func refused(_ code: String, at now: UInt64) {
    refusals.note(code)
    lastTrouble = now
  }

  /// A message, or what should be one, came to `recipient`.
  func received(_ message: MessageNumber?, by recipient: Int, at now: UInt64) {
    if let dropped, message == dropped { return }
    if let planned = ledger.note(received: message, by: recipient) { deliveries.record(from: planned, to: now) }
    lastReceived = now
  }
}

/// Replies that were no OK, by their stable names.
package struct Refusals: Sendable, Equatable, CustomStringConvertible {
  /// How often each came.
  package private(set) var counts: [String: Int] = [:]

  /// None yet.
  package init() {}

  /// For people: `3 × slow_down, 1 × unavailable`.
  package var description: String {
    counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
  }

  /// Whether the nodes' limits on clients are among the reasons: then limits were measured, not the nodes.
  package var areLimits: Bool { counts.keys.contains { $0 == "slow_down" || $0.hasPrefix("too_many") } }

  /// Whether there are no others.
  func areOnly(_ codes: Set<String>) -> Bool { codes.isSuperset(of: counts.keys) }

  /// These, too.
  mutating func add(_ others: Refusals) { counts.merge(others.counts) { $0 + $1 } }

  /// One more.
  package mutating func note(_ code: String) { counts[code, default: 0] += 1 }
}
