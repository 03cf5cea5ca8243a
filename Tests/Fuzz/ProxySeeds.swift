// Owns: where the fuzzer of PROXY headers starts from, and its dictionary.
// Must never: hold what only a generator can read.
// Runs on: any thread; values.

extension ProxyProperties {
  private static let texts = [
    "PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\r\nauth a b\r\n", "PROXY TCP6 2001:db8::7 ::1 0 65535\r\n",
    "PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n", "PROXY UNKNOWN\r\n", "PROXY UNKNOWN what ever\r\n", "PROXY\r\n",
    "PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889\n", "PROXY TCP4 203.0.113.7 192.0.2.1 40000\r\n",
    "PROXY TCP4  203.0.113.7 192.0.2.1 40000 8889\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 01 65536\r\n",
    "PROXY UDP4 203.0.113.7 192.0.2.1 40000 8889\r\n", "auth arini hehe\r\n",
    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
    "PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n",
    "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n",
  ]

  private static let ipv4: [UInt8] = [203, 0, 113, 7, 192, 0, 2, 1, 0x9C, 0x40, 0x22, 0xB9]
  private static let ipv6: [UInt8] =
    [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 1, count: 16) + [1, 2, 3, 4]
  private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + ipv4 + ipv4

  /// Version and command, family and transport, length, body.
  private static let binaries: [[UInt8]] = [
    [0x21, 0x11, 0, 12] + ipv4, [0x21, 0x11, 0, 16] + ipv4 + [4, 0, 1, 9], [0x21, 0x21, 0, 36] + ipv6,
    [0x21, 0x21, 0, 36] + mapped, [0x20, 0x00, 0, 0], [0x20, 0x11, 0, 12] + ipv4, [0x21, 0x00, 0, 3, 1, 2, 3],
    [0x21, 0x11, 0, 11] + ipv4, [0x21, 0x12, 0, 12] + ipv4, [0x21, 0x31, 0, 12] + ipv4, [0x11, 0x11, 0, 12] + ipv4,
    [0x22, 0x11, 0, 12] + ipv4, [0x21, 0x41, 0, 12] + ipv4, [0x21, 0x11, 0x10, 0x01], [0x21, 0x11, 0x10, 0x00],
  ]

  /// Every header at once, and cut.
  static let seeds =
    (texts.map { Array($0.utf8) } + binaries.map { ReferenceProxyHeader.signature + $0 })
    .flatMap { [CutBytes.input($0), CutBytes.input($0, cut: [1]), CutBytes.input($0, cut: [5, 12])] }

  static let words = [
    "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", " ", "203.0.113.7", "2001:db8::7", "::", "255", "256", "65535",
    "65536",
    String(decoding: ReferenceProxyHeader.signature, as: UTF8.self),
  ]
}
