// Owns: proof of when a plain append may be used.
// Must never: need Redis or a clock: time is an argument.
// Runs on: any thread.
import ChatProtocol
import NIOCore
import Testing

@testable import ChatState

@Suite struct InboxFillTests {
  private func time(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds((1000 + seconds) * 1_000_000_000) }

  private func limits(_ messages: Int) -> InboxLimits {
    var limits = InboxLimits()
    limits.messages = messages
    limits.bytes = .max
    return limits
  }

  @Test func `what is not known, or not any more, goes to the script`() throws {
    let arini = try #require(AccountName("arini"))
    var fill = InboxFill(limits(1000))
    var underWay: [InboxFill.Known] = []
    func may(_ seconds: UInt64) -> Bool {
      let known = fill.beginPlainAppend(to: arini, now: time(seconds))
      if let known { underWay.append(known) }
      return known != nil
    }
    #expect(!may(0))
    fill.learn(arini, length: 10, now: time(0))
    #expect(may(599))
    #expect(!may(600))
    underWay.removeFirst().finished(length: 11)
    #expect(may(1198))
    #expect(!may(1199))
  }

  @Test func `a quarter of what is left up to nine tenths may be under way, then the script decides`() throws {
    let arini = try #require(AccountName("arini"))
    var fill = InboxFill(limits(1000))
    var underWay: [InboxFill.Known] = []
    func may(_ seconds: UInt64) -> Bool {
      let known = fill.beginPlainAppend(to: arini, now: time(seconds))
      if let known { underWay.append(known) }
      return known != nil
    }
    fill.learn(arini, length: 892, now: time(0))
    #expect(may(0))
    #expect(may(0))
    #expect(!may(0))
    underWay.removeFirst().finished(length: 896)
    underWay.removeFirst().finished(length: 897)
    #expect(!may(0))
    fill.learn(arini, length: 500, now: time(0))  // read and confirmed meanwhile
    #expect(may(0))
  }

  @Test func `at most a burst is under way`() throws {
    let arini = try #require(AccountName("arini"))
    var fill = InboxFill(limits(1_000_000))
    var underWay: [InboxFill.Known] = []
    func may(_ seconds: UInt64) -> Bool {
      let known = fill.beginPlainAppend(to: arini, now: time(seconds))
      if let known { underWay.append(known) }
      return known != nil
    }
    fill.learn(arini, length: 1, now: time(0))
    for _ in 0..<InboxFill.burst { #expect(may(0)) }
    #expect(!may(0))
    underWay.removeFirst().finished(length: nil)
    #expect(may(0))
  }

  @Test func `the bound in bytes counts as if every record were the largest`() {
    #expect(InboxLimits().exactFrom < 2000 && InboxLimits().exactFrom > 1000)
    #expect(limits(100).exactFrom == 90)
  }
}
