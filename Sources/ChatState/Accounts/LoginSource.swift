// Where a login comes from, as it is counted against guessing.
// Never finer than what one attacker has: an IPv6 subscriber owns a whole /64.
// Pure value; any thread.

/// The source of a login: an IPv4 address, or the first 64 bits of an IPv6 address as `2001:db8:1:2::/64`.
package struct LoginSource: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// For a client without an address of the internet.
  package static let unknown = LoginSource(checked: "unknown")

  /// The source of a numeric address; `unknown` if the text is none.
  package init(address text: String) {
    guard let address = IPAddress(text) else {
      self = .unknown
      return
    }
    self.init(checked: address.isIPv4 ? address.description : "\(address.network(64))/64")
  }

  /// Reads what `description` has written, nothing else.
  package init?(_ text: String) {
    self.init(address: text.hasSuffix("/64") ? String(text.dropLast(3)) : text)
    guard description == text else { return nil }
  }

  private init(checked text: String) { description = text }
}
