// Owns: that every fault of delivery is found, and that none is found where there is none.
// Must never: need a server.
// Runs on: any thread.
import Testing

@testable import Bench

@Suite struct MessageLedgerTests {
  private typealias Verdict = MessageLedger.Verdict

  /// Two senders with three messages each to the recipients 10 and 11, all sent and acknowledged.
  private func sentLedger() -> (MessageLedger, [MessageNumber]) {
    var ledger = MessageLedger(firstSender: 4, senders: 2, perSender: 3)
    var messages: [MessageNumber] = []
    for sequence in 0..<3 {
      for sender in 4...5 {
        let message = MessageNumber(sender: sender, recipient: sender + 6, sequence: sequence)
        ledger.note(sent: message, at: UInt64(100 + sequence))
        _ = ledger.note(acknowledged: sender, sequence)
        messages.append(message)
      }
    }
    return (ledger, messages)
  }

  private func verdict(receiving change: (inout [MessageNumber?]) -> Void) -> Verdict {
    var (ledger, messages) = sentLedger()
    var received: [MessageNumber?] = messages
    change(&received)
    for message in received { _ = ledger.note(received: message, by: message?.recipient ?? 10) }
    messages = []
    return ledger.verdict
  }

  private func expected(_ change: (inout Verdict) -> Void) -> Verdict {
    var verdict = Verdict()
    change(&verdict)
    return verdict
  }

  @Test func `all that arrive once and in order are clean`() {
    #expect(verdict { _ in }.isClean)
  }

  @Test(arguments: 0..<6) func `a message that does not arrive is lost`(index: Int) {
    #expect(verdict { $0.remove(at: index) } == expected { $0.lost = 1 })
  }

  @Test(arguments: 0..<6) func `a message that arrives three times is doubled twice`(index: Int) {
    #expect(verdict { $0 += [$0[index], $0[index]] } == expected { $0.doubled = 2 })
  }

  @Test func `a message after a later one of the same pair is reordered`() {
    #expect(verdict { $0.swapAt(0, 2) } == expected { $0.reordered = 1 })
  }

  @Test func `messages of different senders may overtake each other`() {
    #expect(verdict { $0.swapAt(0, 1) }.isClean)
  }

  @Test func `what cannot be read is damaged, and its message lost`() {
    #expect(verdict { $0[3] = nil } == expected { ($0.lost, $0.damaged) = (1, 1) })
  }

  @Test(
    arguments: [
      MessageNumber(sender: 3, recipient: 10, sequence: 0), MessageNumber(sender: 6, recipient: 10, sequence: 0),
      MessageNumber(sender: 4, recipient: 10, sequence: 3),
    ])
  func `what nobody sent is damaged`(stray: MessageNumber) {
    #expect(verdict { $0.append(stray) } == expected { $0.damaged = 1 })
  }

  @Test func `what comes to somebody else is damaged, and its message lost`() {
    var (ledger, messages) = sentLedger()
    for (index, message) in messages.enumerated() {
      _ = ledger.note(received: message, by: index == 0 ? 11 : message.recipient)
    }
    messages = []
    #expect(ledger.verdict == expected { ($0.lost, $0.damaged) = (1, 1) })
  }

  @Test func `what was sent and not acknowledged may be missing`() {
    var ledger = MessageLedger(senders: 1, perSender: 2)
    ledger.note(sent: MessageNumber(sender: 0, recipient: 1, sequence: 0), at: 5)
    #expect(ledger.verdict.isClean)
    #expect(!ledger.isWaiting)
  }

  @Test func `the planned time comes back with the acknowledgement and the first arrival`() {
    var ledger = MessageLedger(senders: 1, perSender: 1)
    let message = MessageNumber(sender: 0, recipient: 1, sequence: 0)
    ledger.note(sent: message, at: 77)
    let acknowledged = ledger.note(acknowledged: 0, 0)
    let first = ledger.note(received: message, by: 1)
    let second = ledger.note(received: message, by: 1)
    #expect(acknowledged == 77)
    #expect(first == 77)
    #expect(second == nil)
  }
}
