// Owns: proof that moments are written right.
// Must never: read a clock.
// Runs on: any thread.
import ChatProtocol
import Foundation
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (-11_670_912_001_000, "1600-02-29T23:59:59.000Z"),
      (-2_203_891_201_000, "1900-02-28T23:59:59.000Z"), (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
      (-1000, "1969-12-31T23:59:59.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"),
      (7, "1970-01-01T00:00:00.007Z"), (68_212_800_000, "1972-02-29T12:00:00.000Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (978_307_199_999, "2000-12-31T23:59:59.999Z"),
      (1_677_628_800_000, "2023-03-01T00:00:00.000Z"), (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
      (1_795_363_445_006, "2026-11-22T16:04:05.006Z"), (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func `known moments`(milliseconds: Int64, text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }

  @Test func `each day of 200 years, as Foundation writes it`() {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    for day in Int64(-10_000)...63_000 where day % 3 == 0 || (11_000...11_100).contains(day) {
      let seconds = day * 86_400 + (day * 7919 % 86_400 + 86_400) % 86_400
      let expected = Date(timeIntervalSince1970: Double(seconds)).formatted(style)
      let text = Timestamp(milliseconds: seconds * 1000).description
      if text != expected { Issue.record("\(seconds): \(text), not \(expected)") }
    }
  }

  @Test func `order`() {
    #expect(Timestamp(milliseconds: -1) < Timestamp(milliseconds: 0))
    #expect(Timestamp(milliseconds: 1) > Timestamp(milliseconds: 0))
  }
}
