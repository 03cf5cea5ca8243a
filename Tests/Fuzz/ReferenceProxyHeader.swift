// Owns: the PROXY protocol read once more, plainly, by its specification (haproxy.org, proxy-protocol.txt, sections 2.1, 2.2).
// Must never: share code with the parser that it judges, but for the C library's reading of IPv6 addresses.
// Runs on: any thread.
import Glibc

/// What the specification says of the first bytes of a connection.
enum ReferenceProxyHeader: Equatable {
  /// A whole header: the packed address of the client, if it is a client's, and the header's length.
  case header([UInt8]?, Int)
  /// No header, or not all of one yet.
  case none
  /// The specification leaves it to the receiver, or a bound of Kabar speaks first.
  case open

  static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

  static func read(_ bytes: [UInt8]) -> ReferenceProxyHeader {
    bytes.starts(with: signature) ? readBinary(bytes) : readLine(bytes)
  }

  /// Version 1: at most 107 bytes with its CRLF, single spaces, canonical numbers.
  private static func readLine(_ bytes: [UInt8]) -> ReferenceProxyHeader {
    let ends = bytes.indices.dropLast().prefix(106)
    guard let end = ends.first(where: { bytes[$0] == 13 && bytes[$0 + 1] == 10 }) else { return .none }
    let words = bytes[..<end].split(separator: 32, omittingEmptySubsequences: false).map(Array.init)
    guard words.count >= 2, words[0] == Array("PROXY".utf8) else { return .none }
    if words[1] == Array("UNKNOWN".utf8) {
      let hasLineFeed = bytes[..<end].contains(10)  // "anything before the CRLF" is to be ignored: is that, too?
      return hasLineFeed ? .open : .header(nil, end + 2)
    }
    guard words.count == 5 + 1, isPort(words[4]), isPort(words[5]) else { return .none }
    let read: ([UInt8]) -> [UInt8]?
    if words[1] == Array("TCP4".utf8) {
      read = ipv4
    } else if words[1] == Array("TCP6".utf8) {
      read = ipv6
    } else {
      return .none
    }
    guard let source = read(words[2]), read(words[3]) != nil else { return .none }
    return .header(source, end + 2)
  }

  private static func decimal(_ word: [UInt8], _ most: Int) -> Int? {
    guard (1...5).contains(word.count), word.allSatisfy({ (0x30...0x39).contains($0) }),
      word.count == 1 || word[0] != 0x30
    else { return nil }
    let number = word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    return number <= most ? number : nil
  }

  private static func isPort(_ word: [UInt8]) -> Bool { decimal(word, 65535) != nil }

  private static func ipv4(_ word: [UInt8]) -> [UInt8]? {
    let parts = word.split(separator: 0x2E, omittingEmptySubsequences: false).map { decimal(Array($0), 255) }
    let bytes = parts.compactMap { $0.map(UInt8.init) }
    return parts.count == 4 && bytes.count == 4 ? bytes : nil
  }

  private static func ipv6(_ word: [UInt8]) -> [UInt8]? {
    guard word.allSatisfy({ "0123456789abcdefABCDEF:.".utf8.contains($0) }), word.contains(0x3A) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, String(decoding: word, as: UTF8.self), &bytes) == 1 ? bytes : nil
  }

  /// Version 2: the signature, version and command, family and transport, the length of what follows in two bytes.
  private static func readBinary(_ bytes: [UInt8]) -> ReferenceProxyHeader {
    guard bytes.count >= 16 else { return .none }
    let (version, command, family) = (bytes[12] >> 4, bytes[12] & 15, bytes[13])
    let count = Int(bytes[14]) << 8 | Int(bytes[15])
    guard version == 2, command <= 1 else { return .none }
    if count > 4096 { return .open }
    guard bytes.count >= 16 + count else { return .none }
    if command == 0 || family == 0 { return .header(nil, 16 + count) }
    switch family {
    case 0x11: return count >= 12 ? .header(Array(bytes[16..<20]), 16 + count) : .none
    case 0x21: return count >= 36 ? .header(Array(bytes[16..<32]), 16 + count) : .none
    // "Other values … must be rejected as invalid". Those that exist, datagrams and Unix sockets, a receiver may refuse.
    default: return family >> 4 > 3 || family & 15 > 2 ? .none : .open
    }
  }
}
