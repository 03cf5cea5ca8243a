// Owns: the `redis-cli` line that looks into the Redis behind a URL.
// Must never: show a password; connect anywhere.
// Runs on: any thread (a value).

/// The parts of a Redis URL that `redis-cli` needs. It is no full URL parser: the nodes have that.
package struct RedisAddress: Equatable, Sendable {
  /// The `redis-cli` command that reaches this Redis. A password is asked for, never shown.
  package let inspectCommand: String

  /// Reads `redis://[user:password@]host[:port][/db]` or `unix:///path`. Nil for anything else.
  package init?(url: String) {
    if url.hasPrefix("unix:///") {
      inspectCommand = "redis-cli -s \(url.dropFirst("unix://".count))"
      return
    }
    guard url.hasPrefix("redis://") else { return nil }
    var rest = url.dropFirst("redis://".count)
    var options = ""
    if let at = rest.lastIndex(of: "@") {
      let user = rest[..<at].prefix { $0 != ":" }
      options += (user.isEmpty ? "" : " --user \(user)") + " --askpass"
      rest = rest[rest.index(after: at)...]
    }
    if let slash = rest.firstIndex(of: "/") {
      let database = rest[rest.index(after: slash)...]
      guard database.isEmpty || Int(database) != nil else { return nil }
      options += database.isEmpty || database == "0" ? "" : " -n \(database)"
      rest = rest[..<slash]
    }
    guard let (host, port) = Self.hostAndPort(rest) else { return nil }
    inspectCommand = "redis-cli -h \(host) -p \(port)\(options)"
  }

  private static func hostAndPort(_ text: Substring) -> (Substring, Int)? {
    var host = text
    var portText: Substring?
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<close]
      let after = text[text.index(after: close)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      portText = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      portText = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { return nil }
    guard let portText else { return (host, 6379) }
    guard let port = Int(portText), (1...65535).contains(port) else { return nil }
    return (host, port)
  }
}
