// Owns: the fuzzers' properties over their seeds and over all that fuzzing has found; proof of the readers that judge.
// Must never: take minutes: that is `deploy/fuzz`.
// Runs on: any thread.
import Testing

@testable import Fuzz

@Suite struct FuzzTests {
  @Test(arguments: FuzzTarget.allCases)
  func `every seed keeps every property`(target: FuzzTarget) {
    for (index, seed) in target.seeds.enumerated() {
      #expect(throws: Never.self, "seed \(index)") { try target.check(seed) }
      #expect(seed.count <= 700)  // what deploy/fuzz tries at most
    }
    #expect(Set(target.seeds).count == target.seeds.count)
  }

  /// A judge that calls everything right would let every fuzzer pass.
  @Test func `the readers that judge tell right from wrong`() {
    let lines = ReferenceLines(Array("ping\r\n\r\n\nx\r\r\nrest".utf8))
    #expect(lines.lines.map { String(decoding: $0, as: UTF8.self) } == ["ping", "", "", "x\r"] && !lines.isTooLong)
    #expect(!ReferenceLines([UInt8](repeating: 65, count: 8193)).isTooLong)
    #expect(ReferenceLines([UInt8](repeating: 65, count: 8194)).isTooLong)
    #expect(ReferenceLines([UInt8](repeating: 65, count: 8193) + [10]).isTooLong)

    let replies: [(wire: String, count: Int, end: ReferenceReplies.End)] = [
      ("+OK\r\n:1\r\n$1\r\nx\r\n*2\r\n+a\r\n$-1\r\n", 4, .incomplete), ("$5\r\nab", 0, .incomplete),
      (":1\r\nx", 1, .refused), (":01\r\n", 0, .refused), ("*7\r\n", 0, .refused), ("_\r\n", 0, .unspecified),
    ]
    for row in replies {
      let read = ReferenceReplies(Array(row.wire.utf8), ReplyProperties.limits)
      #expect(read.replies.count == row.count && read.end == row.end, "\(row.wire)")
    }

    let frames: [(bytes: [UInt8], lines: Int, end: UInt16?, whole: Int)] = [
      ([0x81, 0x81, 1, 2, 3, 4, 0x79, 0x81], 1, nil, 7), ([0x01, 0x80, 1, 2, 3, 4], 0, nil, 0),
      ([0x81, 1, 0x78], 0, 1002, 0), ([0x82, 0x80, 1, 2, 3, 4], 0, 1003, 0), ([0x81, 0xFE, 0x20, 1], 0, 1009, 0),
      ([0x81, 0x81, 0, 0, 0, 0, 0x80], 0, 1007, 7), ([0x88, 0x80, 1, 2, 3, 4], 0, 1005, 6), ([0x09, 0x80], 0, 1002, 0),
    ]
    for row in frames {
      let read = ReferenceFrames(row.bytes[...])
      let isRight = read.lines.count == row.lines && read.end == row.end && read.wholeMessages == row.whole
      #expect(isRight, "\(row.bytes): \(read.lines.count) \(read.end ?? 0) \(read.wholeMessages)")
    }

    let header = "PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\r\n"
    #expect(ReferenceProxyHeader.read(Array(header.utf8)) == .header([203, 0, 113, 7], header.utf8.count))
    for (old, new) in [("TCP4", "TCP6"), ("203", "0203"), ("8889", "88890"), ("PROXY ", "PROXY  "), ("\r\n", "\n")] {
      let wrong = header.replacing(old, with: new)
      #expect(ReferenceProxyHeader.read(Array(wrong.utf8)) == .none, "\(wrong)")
    }
  }

  /// What `deploy/fuzz` has found: each was mended, each stays here.
  private static let found: [(target: FuzzTarget, input: [UInt8])] = [
    // Version 1 says that what follows UNKNOWN is ignored; it had to be UTF-8.
    (.proxy, CutBytes.input([UInt8]("PROXY UNKNOWN x".utf8) + [0x81, 0x0D, 0x0A])),
    // C ended the address at the zero byte, and the rest of the word was not looked at.
    (.proxy, CutBytes.input("PROXY TCP4 203.0.113.7\0x 192.0.2.1 1 2\r\n".utf8)),
    // To String the Kelvin sign is a K.
    (.proxy, CutBytes.input("PROXY UN\u{212A}NOWN\r\n".utf8)),
  ]

  @Test(arguments: found.indices)
  func `what was found`(index: Int) {
    #expect(throws: Never.self) { try Self.found[index].target.check(Self.found[index].input) }
  }

  @Test func `pieces are the whole, none is empty, and an input says where they are cut`() {
    let bytes = Array("send a hello\r\n".utf8)
    #expect(CutBytes(CutBytes.input(bytes)).pieces == [bytes[...]])
    #expect(CutBytes(CutBytes.input(bytes, cut: [5, 2])).pieces.map(\.count) == [5, 2, 5, 2])
    #expect(CutBytes([]).pieces.isEmpty && CutBytes([3, 1]).pieces.isEmpty)
    for first in UInt8.min ... .max {
      let cut = CutBytes([first, 0, 3, 9, 1, 1, 1, 1] + bytes)
      #expect(cut.pieces.allSatisfy { !$0.isEmpty } && Array(cut.pieces.joined()) == cut.whole)
    }
  }
}
