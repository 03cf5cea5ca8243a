// Owns: proof of the waits between tries to connect.
// Must never: wait; chance comes from generators that a test can foretell.
// Runs on: any thread.
import NIOCore
import Testing

@testable import RedisClient

@Suite struct BackoffTests {
  /// The same bits for ever.
  private struct Constant: RandomNumberGenerator {
    let bits: UInt64
    func next() -> UInt64 { bits }
  }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var bits = state
      bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      return bits ^ (bits >> 31)
    }
  }

  @Test func `the ceiling doubles from 50 ms to 2 s, and begins anew after success`() {
    var backoff = Backoff()
    var highest = Constant(bits: .max)
    let waits = (0..<100).map { _ in backoff.next(using: &highest) }
    let ceilings: [Int64] = [50, 100, 200, 400, 800, 1600] + Array(repeating: 2000, count: 94)
    #expect(waits == ceilings.map { .milliseconds($0) })
    backoff.reset()
    #expect(backoff.next(using: &highest) == .milliseconds(50))
  }

  @Test func `jitters over the whole range`() {
    var lowest = Constant(bits: 1)  // 0 would be drawn again, for ever
    var backoff = Backoff()
    for _ in 0..<10 { #expect(backoff.next(using: &lowest) == .zero) }
    var seeded = Seeded(state: 1)
    let waits = (0..<4000).map { _ in backoff.next(using: &seeded).nanoseconds }
    for quarter in 0..<4 {
      let range = Int64(quarter) * 500_000_000..<Int64(quarter + 1) * 500_000_000
      #expect((900...1100).contains(waits.count { range.contains($0) }), "quarter \(quarter)")
    }
  }

  @Test func `does not overflow`() {
    var backoff = Backoff(base: .seconds(100), cap: .hours(1))
    var highest = Constant(bits: .max)
    for _ in 0..<100 { #expect(backoff.next(using: &highest) <= .hours(1)) }
    #expect(backoff.ceiling == .hours(1))
  }
}
