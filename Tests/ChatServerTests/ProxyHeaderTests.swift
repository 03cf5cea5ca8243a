// Owns: the table of what is a PROXY header and what is none.
// Must never: need a socket.
// Runs on: any thread.
import ChatState
import TestSupport
import Testing

@testable import ChatServer

@Suite struct ProxyHeaderTests {
  private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
  private static let ipv4: [UInt8] = [203, 0, 113, 7, 192, 0, 2, 1, 0x9C, 0x40, 0x22, 0xB9]
  private static let ipv6: [UInt8] =
    [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 1, count: 16) + [1, 2, 3, 4]

  /// Version and command, family and transport, length, body.
  private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
    let length = length ?? body.count
    return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + body
  }

  private static func outcome(_ bytes: [UInt8]) -> String {
    switch ProxyHeader.parse(bytes) {
    case .needsMoreBytes: "more"
    case .malformed: "malformed"
    case .header(let client, let length): "\(client?.description ?? "-") \(length)"
    }
  }

  @Test(arguments: [
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\r\n", "203.0.113.7 45"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\r\nauth a b\r\n", "203.0.113.7 45"),
    ("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n", "2001:db8::7 36"), ("PROXY UNKNOWN\r\n", "- 15"),
    ("PROXY UNKNOWN what ever\r\n", "- 25"), ("PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n", "203.0.113.7 39"),
    ("", "more"), ("P", "more"), ("PROXY", "more"), ("PROXY ", "more"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r", "more"),
    ("auth arini hehe\r\n", "malformed"), ("p", "malformed"), ("PROXY\r\n", "malformed"), ("PROXY \r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\n", "malformed"), ("\r\n", "more"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000\r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889 x\r\n", "malformed"),
    ("PROXY TCP4  203.0.113.7 192.0.2.1 40000 8889\r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 40000 65536\r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 -1 8889\r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 192.0.2.1 01 8889\r\n", "malformed"),
    ("PROXY TCP4 2001:db8::7 ::1 40000 8889\r\n", "malformed"),
    ("PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n", "malformed"),
    ("PROXY TCP4 203.0.113 192.0.2.1 40000 8889\r\n", "malformed"),
    ("PROXY TCP4 203.0.113.7 nowhere 40000 8889\r\n", "malformed"),
    ("PROXY UDP4 203.0.113.7 192.0.2.1 40000 8889\r\n", "malformed"),
    ("PROXY UNKNOWN " + String(repeating: "x", count: 200), "malformed"),
  ])
  func `version 1`(text: String, expected: String) { #expect(Self.outcome(Array(text.utf8)) == expected) }

  private struct Row: Sendable {
    let bytes: [UInt8]
    let expected: String

    init(_ bytes: [UInt8], _ expected: String) { (self.bytes, self.expected) = (bytes, expected) }
  }

  private static let binaries: [Row] = [
    Row(binary(0x21, 0x11, ipv4), "203.0.113.7 28"),
    Row(binary(0x21, 0x11, ipv4) + [0x41], "203.0.113.7 28"),
    Row(binary(0x21, 0x11, ipv4 + [4, 0, 1, 9]), "203.0.113.7 32"),
    Row(binary(0x21, 0x21, ipv6), "2001:db8::7 52"),
    Row(binary(0x20, 0x00, []), "- 16"),
    Row(binary(0x20, 0x11, ipv4), "- 28"),
    Row(binary(0x21, 0x00, [1, 2, 3]), "- 19"),
    Row(Array(signature.prefix(3)), "more"),
    Row(signature, "more"),
    Row(binary(0x21, 0x11, [], length: 12), "more"),
    Row(Array(binary(0x21, 0x11, ipv4).dropLast()), "more"),
    Row(signature + [0x21], "more"),
    Row(binary(0x11, 0x11, ipv4), "malformed"),
    Row(binary(0x22, 0x11, ipv4), "malformed"),
    Row(signature + [0x31], "malformed"),
    Row(binary(0x21, 0x11, Array(ipv4.dropLast())), "malformed"),
    Row(binary(0x21, 0x21, ipv4), "malformed"),
    Row(binary(0x21, 0x12, ipv4), "malformed"),
    Row(binary(0x21, 0x31, ipv4), "malformed"),
    Row(binary(0x21, 0x11, [], length: 4097), "malformed"),
    Row(Array(signature.dropLast()) + [0x0B], "malformed"),
  ]

  @Test(arguments: binaries)
  private func `version 2`(row: Row) { #expect(Self.outcome(row.bytes) == row.expected) }

  @Test func `any cut of a header needs more bytes, and any bytes at all have an answer`() {
    let line = Array("PROXY TCP6 2001:db8::7 ::1 40000 8889\r\n".utf8)
    for whole in [line, Self.binary(0x21, 0x21, Self.ipv6)] {
      for count in 0..<whole.count { #expect(Self.outcome(Array(whole.prefix(count))) == "more", "\(count)") }
    }
    var random = SeededGenerator(seed: 5)
    for _ in 0..<20_000 {
      var bytes = Bool.random(using: &random) ? line : Self.binary(0x21, 0x11, Self.ipv4)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
      }
      if case .header(_, let length) = ProxyHeader.parse(bytes) { #expect(length <= bytes.count) }
    }
  }

  @Test(arguments: [
    ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.1", "192.0.2.1", true),
    ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
    ("10.0.0.0/9", "10.127.0.1", true), ("10.0.0.0/9", "10.128.0.1", false),
    ("2001:db8::/33", "2001:db8:7fff::1", true),
    ("2001:db8::/33", "2001:db8:8000::1", false), ("192.0.2.0/24", "::ffff:192.0.2.9", true),
  ])
  func `ranges of addresses`(range: String, address: String, isIn: Bool) throws {
    #expect(try #require(AddressRange(range)).contains(#require(IPAddress(address))) == isIn)
  }

  @Test(arguments: ["", "/", "x", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2.1/24", "::/129", "10/8"])
  func `what is no range`(text: String) { #expect(AddressRange(text) == nil) }
}
