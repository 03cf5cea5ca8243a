// An address of the internet as bytes: to compare, to cut, to write in the one canonical way.
// Never resolves a name.
// Pure value; any thread.

import Glibc

/// An IPv4 address (4 bytes) or an IPv6 address (16 bytes). An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is an IPv4
/// address, or all clients of a listener on `::` would look alike.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  /// Reads a numeric address; `nil` if the text is none.
  package init?(_ text: String) {
    if let bytes = Self.parse(text, AF_INET, count: 4) {
      self.bytes = bytes
    } else if let bytes = Self.parse(text, AF_INET6, count: 16) {
      let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      self.bytes = isMapped ? Array(bytes[12...]) : bytes
    } else {
      return nil
    }
  }

  /// An address of 4 or 16 bytes; `nil` if there are as many as no address has.
  package init?(packed bytes: some Collection<UInt8>) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.init(IPAddress(bytes: Array(bytes)).description)  // mapped ones are IPv4
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// The same with all but the first bits zero; `length` is at most 32 or 128.
  package func network(_ length: Int) -> IPAddress {
    IPAddress(
      bytes: bytes.enumerated().map { index, byte in
        let kept = min(max(length - index * 8, 0), 8)
        return kept == 0 ? 0 : byte & (0xFF << (8 - UInt8(kept)))
      })
  }

  package var isIPv4: Bool { bytes.count == 4 }

  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    _ = inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func parse(_ text: String, _ family: Int32, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}

/// Addresses that begin with the same bits, as `192.0.2.0/24`, `2001:db8::/32`, or one alone as `192.0.2.1`.
package struct AddressRange: Hashable, Sendable {
  private let network: IPAddress
  private let length: Int

  /// `nil` if the text is no range, or has bits behind its length: that would be a slip.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let network = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
    let most = network.bytes.count * 8
    guard let length = parts.count == 1 ? most : Int(parts[1]), (0...most).contains(length),
      network.network(length) == network
    else { return nil }
    (self.network, self.length) = (network, length)
  }

  package func contains(_ address: IPAddress) -> Bool {
    address.isIPv4 == network.isIPv4 && address.network(length) == network
  }
}
