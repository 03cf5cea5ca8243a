// Owns: one connection to which messages come by themselves.
// Must never: confirm more often than bytes come.
// Runs on: the generator's event loop.

/// Logs in, listens, counts what comes, and confirms the last of each batch (which confirms all up to it).
final class MessageListener: LastingRole {
  private let traffic: Traffic
  private let account: Int
  var connection: LoadConnection?
  private var answers = 0
  private var lastSequence: Int?

  init(_ account: Int, _ traffic: Traffic) { (self.account, self.traffic) = (account, traffic) }

  func opened(_ connection: LoadConnection) {
    self.connection = connection
    connection.write(traffic.requests.resume(account))
    connection.write(traffic.requests.listen(account))
  }

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection) {
    switch LoadReply(bytes, range, traffic.wire) {
    case .refused: traffic.refusals.note(LoadReply.code(bytes, range, traffic.wire))
    case .accepted where traffic.wire == .resp && answers >= 2: take(bytes, range, now: connection.now)
    case .accepted:
      // The login's, then the listening's; behind them those to `ack`.
      answers += 1
      if answers == 2 { traffic.ready += 1 }
    case .event:
      guard let sequence = LoadReply.sequence(bytes, range) else { return }
      lastSequence = sequence
      take(bytes, range, now: connection.now)
    }
  }

  func batchEnded(on connection: LoadConnection) {
    guard let lastSequence else { return }
    connection.write("ack \(lastSequence)\r\n")
    self.lastSequence = nil
  }

  func closed(_ connection: LoadConnection) {
    if self.connection != nil || answers < 2 { traffic.broken += 1 }
    self.connection = nil
  }

  private func take(_ bytes: Span<UInt8>, _ range: Range<Int>, now: UInt64) {
    LoadReply.messages(bytes, range, size: traffic.requests.payload) {
      traffic.received($0, by: account, at: now)
    }
  }
}
