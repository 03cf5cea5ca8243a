// Owns: what holds for any bytes that a trusted proxy sends first.
// Must never: know how the parser works.
// Runs on: any thread.
import ChatServer
import ChatState

/// Bytes → the client behind a proxy.
enum ProxyProperties {
  static func check(_ input: [UInt8]) throws(Finding) {
    let bytes = CutBytes(input)
    let whole = ProxyHeader.parse(bytes.whole)
    let verdict = ReferenceProxyHeader.read(bytes.whole)
    switch (whole, verdict) {
    case (.header, .open), (.malformed, .open), (.malformed, .none), (.needsMoreBytes, .none): break
    case (.header(let client, let length), .header(let address, let count)):
      let isSame = client == address.flatMap(IPAddress.init(packed:)) && length == count
      try Finding.unless(isSame, "\(client?.description ?? "-") \(length), the specification says \(verdict)")
    default: throw Finding(description: "\(whole), the specification says \(verdict)")
    }
    try checkCuts(bytes, whole)
    // Bytes that are no header at all serve as addresses.
    if whole == .malformed { try checkWritten(bytes.whole) }
  }

  /// Once there is an answer no further byte changes it, and none beyond the header was needed for it.
  private static func checkCuts(_ bytes: CutBytes, _ whole: ProxyHeader.Parsed) throws(Finding) {
    var arrived: [UInt8] = []
    for piece in bytes.pieces {
      arrived += piece
      let parsed = ProxyHeader.parse(arrived)
      try Finding.unless(parsed == whole || parsed == .needsMoreBytes, "\(parsed), then \(whole)")
    }
    switch whole {
    case .header(_, let length):
      try Finding.unless((1...bytes.whole.count).contains(length), "\(length) bytes of \(bytes.whole.count)")
      let (exact, short) = (bytes.whole.prefix(length), bytes.whole.prefix(length - 1))
      try Finding.unless(ProxyHeader.parse(Array(exact)) == whole, "not \(whole) without what follows")
      try Finding.unless(ProxyHeader.parse(Array(short)) == .needsMoreBytes, "\(whole) without its last byte")
    case .malformed:
      try Finding.unless(ProxyHeader.parse(bytes.whole + [0]) == .malformed, "malformed no longer")
    case .needsMoreBytes:
      let most = bytes.whole.first == UInt8(ascii: "P") ? 107 : 16 + 4096
      try Finding.unless(bytes.whole.count < most, "\(bytes.whole.count) bytes are not enough")
    }
  }

  /// A header with any addresses, written as a proxy does, names them.
  private static func checkWritten(_ bytes: [UInt8]) throws(Finding) {
    for count in [4, 16] where bytes.count >= 2 * count + 4 {
      let (source, target) = (bytes[..<count], bytes[count..<2 * count])
      let ports = Array(bytes[(2 * count)...].prefix(4))
      let client = IPAddress(packed: source)
      let words = [
        "PROXY", count == 4 ? "TCP4" : "TCP6", text(source), text(target),
        "\(Int(ports[0]) << 8 | Int(ports[1]))", "\(Int(ports[2]) << 8 | Int(ports[3]))",
      ]
      let line = Array((words.joined(separator: " ") + "\r\n").utf8)
      try Finding.unless(ProxyHeader.parse(line) == .header(client: client, length: line.count), "refused \(words)")
      let size = [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
      let binary = ReferenceProxyHeader.signature + [0x21, count == 4 ? 0x11 : 0x21] + size + bytes
      let parsed = ProxyHeader.parse(binary)
      try Finding.unless(parsed == .header(client: client, length: binary.count), "refused \(binary)")
    }
  }

  private static func text(_ address: ArraySlice<UInt8>) -> String {
    let bytes = Array(address)
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2)
      .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
      .joined(separator: ":")
  }
}
