// Owns: proof of how long is waited before the next try, and of what is tried again.
// Must never: wait.
// Runs on: any.
import Testing

@testable import ChatClient

@Suite struct ReconnectPolicyTests {
  // Values with something in them: an `inout` of nothing has no address, and ThreadSanitizer asks for one (Swift 6.3).
  private struct Highest: RandomNumberGenerator {
    private let value = UInt64.max

    func next() -> UInt64 { value }
  }

  private struct Lowest: RandomNumberGenerator {
    /// Not 0, which the standard library would draw again for ever.
    private let value: UInt64 = 1

    func next() -> UInt64 { value }
  }

  private let policy = ReconnectPolicy(base: .seconds(1), cap: .seconds(10), stableAfter: .seconds(30))

  @Test func theCeilingDoublesUpToTheCap() {
    #expect((0...6).map { policy.ceiling(failures: $0) } == [1, 2, 4, 8, 10, 10, 10].map { .seconds($0) })
    #expect(policy.ceiling(failures: .max) == .seconds(10))
  }

  @Test func theJitterIsFull() {
    var (high, low) = (Highest(), Lowest())
    var reconnects = Reconnects(policy: policy)
    #expect(reconnects.pause(after: .connectionClosed, lasted: nil, using: &low) == .zero)
    let second = reconnects.pause(after: .connectionClosed, lasted: nil, using: &high)
    #expect(second > .milliseconds(1999) && second <= .seconds(2))
  }

  @Test func onlyAConnectionThatLastedStartsAnew() {
    var high = Highest()
    var reconnects = Reconnects(policy: policy)
    for _ in 1...3 { _ = reconnects.pause(after: .connectionClosed, lasted: .seconds(29), using: &high) }
    #expect(reconnects.pause(after: .connectionClosed, lasted: nil, using: &high) > .seconds(7))
    #expect(reconnects.pause(after: .connectionClosed, lasted: .seconds(30), using: &high) <= .seconds(1))
  }

  @Test func theServersTimeIsKept() {
    var low = Lowest()
    var reconnects = Reconnects(policy: policy)
    let busy = ChatClientError.refused(code: "unavailable", message: "", retryAfter: .seconds(5))
    #expect(reconnects.pause(after: busy, lasted: nil, using: &low) == .seconds(5))
    #expect(Retry.pause(after: busy, tries: 1, using: &low) == .seconds(5))
    // But not all at that time.
    var high = Highest()
    #expect(reconnects.pause(after: busy, lasted: nil, using: &high) > .seconds(6))
  }

  @Test(arguments: [.seconds(86_400), .milliseconds(Int.max)] as [Duration])
  func aServerCanNotAskForLong(_ retryAfter: Duration) {
    var low = Lowest()
    var reconnects = Reconnects(policy: policy)
    let busy = ChatClientError.refused(code: "busy", message: "", retryAfter: retryAfter)
    #expect(reconnects.pause(after: busy, lasted: nil, using: &low) == .seconds(180))
    #expect(Retry.pause(after: busy, tries: 1, using: &low) == .seconds(180))
    let past = ChatClientError.refused(code: "busy", message: "", retryAfter: .zero - retryAfter)
    #expect(Retry.pause(after: past, tries: 1, using: &low) == .zero)
  }

  static let errors: [(ChatClientError, Bool)] = [
    (.connectionClosed, true), (.timedOut, true), (.refused(code: "unavailable", message: ""), true),
    (.refused(code: "busy", message: ""), true), (.refused(code: "outcome_unknown", message: ""), true),
    (.refused(code: "inbox_full", message: ""), false), (.refused(code: "unknown_user", message: ""), false),
    (.refused(code: nil, message: ""), false), (.notSent(reason: ""), false), (.cancelled, false),
    (.malformedReply(reason: ""), false), (.couldNotConnect(reason: ""), false),
  ]

  @Test(arguments: errors)
  func onlyWhatPassesIsTriedAgain(_ error: ChatClientError, _ isTriedAgain: Bool) {
    var high = Highest()
    #expect((Retry.pause(after: error, tries: 1, using: &high) != nil) == isTriedAgain)
  }
}
