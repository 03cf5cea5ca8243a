// Owns: one connection that sends numbered messages.
// Must never: send more than its depth without an answer.
// Runs on: the generator's event loop.
import DequeModule
import NIOCore

/// Logs in, then sends: in a closed loop when an answer comes, in an open loop when the schedule says so.
final class MessageSender: LastingRole {
  private let traffic: Traffic
  private let number: Int
  var connection: LoadConnection?
  private var isLoggedIn = false
  private var sent = 0
  private var answered = 0
  /// Planned times of messages of an open loop that have not been written.
  private var waiting = Deque<UInt64>()

  init(_ number: Int, _ traffic: Traffic) { (self.number, self.traffic) = (number, traffic) }

  /// Nothing is on its way, nor will be.
  var isDone: Bool {
    guard let connection, connection.isOpen else { return true }
    return answered == sent && (traffic.isStopped || sent == traffic.plan.perSender)
  }

  /// The closed loop begins.
  func begin() {
    refill(now: NIODeadline.now().uptimeNanoseconds)
    connection?.flush()
  }

  /// A message of an open loop is due; it leaves with the next flush.
  func sendOne(planned: UInt64) {
    waiting.append(planned)
    sendWaiting()
  }

  /// Sends what was written.
  func flush() { connection?.flush() }

  /// What was planned and not written never is.
  func dropWaiting() { waiting = [] }

  func opened(_ connection: LoadConnection) {
    self.connection = connection
    connection.write(traffic.requests.resume(number))
  }

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on connection: LoadConnection) {
    let reply = LoadReply(bytes, range, traffic.wire)
    if case .event = reply { return }
    if case .refused = reply { traffic.refused(LoadReply.code(bytes, range, traffic.wire), at: connection.now) }
    guard isLoggedIn else {
      isLoggedIn = true
      if case .accepted = reply { traffic.ready += 1 }
      return
    }
    if case .accepted = reply { traffic.acknowledged(answered, of: number, at: connection.now) }
    answered += 1
    if traffic.plan.rate == nil { refill(now: connection.now) } else { sendWaiting() }
  }

  func closed(_ connection: LoadConnection) {
    if self.connection != nil || !isLoggedIn { traffic.broken += 1 }
    self.connection = nil
  }

  private func refill(now: UInt64) {
    guard let connection, !traffic.isStopped else { return }
    while sent - answered < traffic.depth, sent < traffic.plan.perSender {
      traffic.send(sent, of: number, planned: now, on: connection)
      sent += 1
    }
  }

  private func sendWaiting() {
    guard let connection, !traffic.isStopped else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    while sent - answered < traffic.depth, sent < traffic.plan.perSender, let planned = waiting.popFirst() {
      traffic.send(sent, of: number, planned: traffic.plan.countsFromWriting ? now : planned, on: connection)
      sent += 1
    }
  }
}
