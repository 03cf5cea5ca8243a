// Owns: proof of who shares which bucket, and that none is kept for ever.
// Must never: wait: the clock is an argument.
// Runs on: swift-testing.
import ChatProtocol
import ChatState
import NIOCore
import Testing

@testable import ChatServer

@Suite struct CommandRatesTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  private var limits: ClientLimits {
    var limits = ClientLimits()
    limits.commandRate = CommandRate(burst: 5, perSecond: 1)
    limits.userCommandRate = CommandRate(burst: 8, perSecond: 2)
    return limits
  }

  private func session(of name: String) throws -> Session {
    Session(id: SessionID(of: .random()), user: try #require(AccountName(name)), display: name)
  }

  @Test func `a session has its own burst, all of a user's together another, and others have theirs`() throws {
    let rates = CommandRates()
    let (first, second) = (try session(of: "arini"), try session(of: "arini"))
    for _ in 0..<5 { #expect(rates.rate(of: first).take(limits, now: start) == nil) }
    let own = try #require(rates.rate(of: first).take(limits, now: start))
    #expect(own.limit == .commandRate && own.wait == .seconds(1))
    for _ in 0..<3 { #expect(rates.rate(of: second).take(limits, now: start) == nil) }
    let shared = try #require(rates.rate(of: second).take(limits, now: start))
    #expect(shared.limit == .userCommandRate && shared.wait == .milliseconds(500))
    // What the user's bucket refuses costs the session nothing: it has 2 of its 5 left.
    let later = start + .seconds(1)
    for _ in 0..<2 { #expect(rates.rate(of: second).take(limits, now: later) == nil) }
    #expect(rates.rate(of: try session(of: "lineker")).take(limits, now: start) == nil)
  }

  @Test func `a bucket stays while somebody uses it or it is not full, and then goes`() throws {
    let rates = CommandRates()
    let (used, left) = (try session(of: "arini"), try session(of: "lineker"))
    let rate = rates.rate(of: used)
    #expect(rate.take(limits, now: start) == nil)
    #expect(rates.rate(of: left).take(limits, now: start) == nil)
    #expect(rates.count == 4)
    rates.forgetFull(at: start)
    #expect(rates.count == 4)
    let later = start + .seconds(60)
    rates.forgetFull(at: later)
    #expect(rates.count == 2)
    for _ in 0..<5 { #expect(rate.take(limits, now: later) == nil) }
    #expect(rates.rate(of: used).take(limits, now: later)?.limit == .commandRate, "still the same bucket")
  }
}
