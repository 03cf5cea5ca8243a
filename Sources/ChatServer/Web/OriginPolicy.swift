// Which web pages may open a WebSocket.
// Never a login: it keeps the pages of others from using a visitor's browser (RFC 6455, section 10.2).
// Pure value; any thread.

/// Pages of this very host and port (by http or https: a proxy in front may have added the TLS), and those of the origins that the
/// operator has named.
package struct OriginPolicy: Sendable, Equatable {
  /// As a browser sends them, in small letters: `https://chat.example`, with the port if it is not the scheme's own.
  private let allowed: Set<String>

  /// Throws nothing: an origin that no browser would send simply never comes.
  package init(allowing origins: [String] = []) { allowed = Set(origins.map { $0.lowercased() }) }

  /// Whether an origin looks like one: scheme, host and perhaps a port, and nothing behind them.
  package static func isOrigin(_ text: String) -> Bool {
    guard let (scheme, host) = split(text.lowercased()) else { return false }
    return (scheme == "http" || scheme == "https") && !host.isEmpty && !host.contains { "/?#@ ".contains($0) }
  }

  /// Whether a request with these headers may become a WebSocket. Programs that are no browsers send no origin.
  func permits(origin: String?, host: String?) -> Bool {
    guard let origin = origin?.lowercased() else { return true }
    if allowed.contains(origin) { return true }
    guard let host = host?.lowercased(), let (scheme, ownHost) = Self.split(origin) else { return false }
    return (scheme == "http" || scheme == "https") && ownHost == host
  }

  private static func split(_ origin: String) -> (scheme: Substring, host: Substring)? {
    guard let separator = origin.firstRange(of: "://") else { return nil }
    return (origin[..<separator.lowerBound], origin[separator.upperBound...])
  }
}
