// What a load balancer says of a client before the client's own bytes: the PROXY protocol, versions 1 and 2.
// Never guesses: what is not exactly such a header is malformed.
// Pure function; any thread.

import ChatState
import NIOCore

/// The header of the PROXY protocol (haproxy.org/download/3.0/doc/proxy-protocol.txt).
package enum ProxyHeader {
  /// What the first bytes of a connection are.
  package enum Parsed: Equatable {
    case needsMoreBytes
    case malformed
    /// The client, and how many bytes the header takes. `nil`: the connection is the proxy's own (a health check), or the
    /// proxy does not say whose it is.
    case header(client: IPAddress?, length: Int)
  }

  /// Bytes of the longest header of version 1, with its line end.
  private static let longestLine = 107
  /// Bytes of addresses and extensions that a header of version 2 may have.
  private static let longestBody = 4096
  private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
  private static let word = Array("PROXY ".utf8)

  /// Looks at the first bytes of a connection.
  package static func parse(_ bytes: [UInt8]) -> Parsed {
    if bytes.isEmpty { return .needsMoreBytes }
    if begins(bytes, with: word) { return parseLine(bytes) }
    if begins(bytes, with: signature) { return parseBinary(bytes) }
    return .malformed
  }

  /// As far as there are bytes.
  private static func begins(_ bytes: [UInt8], with start: [UInt8]) -> Bool {
    let count = min(bytes.count, start.count)
    return bytes.prefix(count) == start.prefix(count)
  }

  /// `PROXY TCP4 203.0.113.7 192.0.2.1 40000 8889` and its CRLF.
  private static func parseLine(_ bytes: [UInt8]) -> Parsed {
    let head = bytes.prefix(longestLine)
    guard let end = head.firstIndex(of: UInt8(ascii: "\n")) else {
      return head.count == longestLine ? .malformed : .needsMoreBytes
    }
    guard end > word.count, bytes[end - 1] == UInt8(ascii: "\r") else { return .malformed }
    // Bytes, not characters: to String a word can equal others, and C ends it at a zero byte.
    let words = bytes[word.count..<end - 1].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    // What follows UNKNOWN is to be ignored.
    if words.first?.elementsEqual("UNKNOWN".utf8) == true { return .header(client: nil, length: end + 1) }
    guard words.count == 5, isPort(words[3]), isPort(words[4]) else { return .malformed }
    let isIPv4 = words[0].elementsEqual("TCP4".utf8)
    guard isIPv4 || words[0].elementsEqual("TCP6".utf8), let source = address(words[1], isIPv4),
      address(words[2], isIPv4) != nil
    else { return .malformed }
    return .header(client: source, length: end + 1)
  }

  private static func address(_ word: ArraySlice<UInt8>, _ isIPv4: Bool) -> IPAddress? {
    guard word.contains(UInt8(ascii: ":")) != isIPv4, !word.contains(0) else { return nil }
    return IPAddress(String(decoding: word, as: UTF8.self))
  }

  private static func isPort(_ word: ArraySlice<UInt8>) -> Bool {
    (1...5).contains(word.count) && word.allSatisfy { (0x30...0x39).contains($0) }
      && word.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 65535 && (word.count == 1 || word.first != 0x30)
  }

  /// Signature, version and command, family and transport, length (two bytes), then addresses and extensions.
  private static func parseBinary(_ bytes: [UInt8]) -> Parsed {
    let start = signature.count + 4
    if bytes.count > signature.count, bytes[signature.count] & 0xF0 != 0x20 { return .malformed }
    guard bytes.count >= start else { return .needsMoreBytes }
    let command = bytes[signature.count] & 0x0F
    let family = bytes[signature.count + 1]
    let count = Int(bytes[start - 2]) << 8 | Int(bytes[start - 1])
    guard command <= 1, count <= longestBody else { return .malformed }
    guard bytes.count >= start + count else { return .needsMoreBytes }
    let body = bytes[start..<start + count]
    if command == 0 { return .header(client: nil, length: start + count) }
    switch family {
    case 0x00: return .header(client: nil, length: start + count)
    case 0x11 where count >= 12: return .header(client: IPAddress(packed: body.prefix(4)), length: start + count)
    case 0x21 where count >= 36: return .header(client: IPAddress(packed: body.prefix(16)), length: start + count)
    default: return .malformed  // no stream of the internet, or too short
    }
  }
}
