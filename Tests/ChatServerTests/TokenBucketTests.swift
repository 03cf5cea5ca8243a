// Owns: the arithmetic of the token bucket.
// Must never: wait: the clock is an argument.
// Runs on: swift-testing.
import NIOCore
import Testing

@testable import ChatServer

@Suite struct TokenBucketTests {
  private let rate = CommandRate(burst: 5, perSecond: 10)
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  @Test func `the burst goes at once, then one comes in each interval`() {
    var bucket = TokenBucket()
    for _ in 0..<5 { #expect(bucket.take(rate, now: start) == nil) }
    #expect(bucket.take(rate, now: start) == .milliseconds(100))
    #expect(bucket.take(rate, now: start + .milliseconds(60)) == .milliseconds(40))
    #expect(bucket.take(rate, now: start + .milliseconds(100)) == nil)
    #expect(bucket.take(rate, now: start + .milliseconds(100)) == .milliseconds(100))
  }

  @Test func `a refusal costs nothing, and a rest fills the bucket up to the burst and no further`() {
    var bucket = TokenBucket()
    for _ in 0..<50 { _ = bucket.take(rate, now: start) }
    #expect(!bucket.isFull(at: start + .milliseconds(499)))
    #expect(bucket.isFull(at: start + .milliseconds(500)))
    let later = start + .hours(1)
    for _ in 0..<5 { #expect(bucket.take(rate, now: later) == nil) }
    #expect(bucket.take(rate, now: later) == .milliseconds(100))
  }

  @Test func `over a minute of asking without a pause a client gets the burst and the rate`() {
    var bucket = TokenBucket()
    var taken = 0
    for millisecond in 0..<60_000 where bucket.take(rate, now: start + .milliseconds(Int64(millisecond))) == nil {
      taken += 1
    }
    #expect(taken == 5 + 599)
  }
}
