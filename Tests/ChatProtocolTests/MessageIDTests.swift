// Owns: proof that different messages have different ids, in the form that clients and inboxes know.
// Must never: need a clock or randomness.
// Runs on: any thread.
import Testing

@testable import ChatProtocol

@Suite struct MessageIDTests {
  @Test(
    arguments: [
      (0, 0, "000000000000-0"), (1, 31, "000000000001-v"), (32, 32, "000000000010-10"),
      ((1 << 60) - 1, .max, "zzzzzzzzzzzz-fvvvvvvvvvvvv"),
    ] as [(UInt64, UInt64, String)])
  func `twelve digits, a dash, and the number`(origin: UInt64, number: UInt64, text: String) {
    #expect(MessageID(origin: origin, number: number).text == text)
  }

  @Test func `only sixty bits of an origin count`() {
    #expect(MessageID(origin: 1 << 60 | 5, number: 1) == MessageID(origin: 5, number: 1))
  }

  @Test func `no two are the same`() {
    let origins = (0..<60).map { UInt64(1) << UInt64($0) }
    let numbers = (0..<64).map { UInt64(1) << UInt64($0) }
    let ids = Set(origins.flatMap { origin in numbers.map { MessageID(origin: origin, number: $0).text } })
    #expect(ids.count == origins.count * numbers.count)
  }
}
