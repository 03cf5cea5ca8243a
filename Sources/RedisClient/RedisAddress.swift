// Where Redis is and how to log in there.
// Never shows the password: not in its description, not in an error.
// Pure value; any thread.

import TLS

/// A Redis address: `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS, or `unix:///path`.
package struct RedisAddress: Equatable, Sendable, CustomStringConvertible {
  /// A TCP endpoint or a socket file.
  package enum Endpoint: Equatable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  package var endpoint: Endpoint
  /// For `AUTH user password`; `nil` uses the default user.
  package var user: String?
  package var password: String?
  /// The number for `SELECT`.
  package var database = 0
  /// How to make sure whom we talk to; `nil` without TLS.
  package var tls: ClientTLS?

  /// What is wrong with an address, in words and without its secrets.
  package struct Invalid: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// A TCP address without login.
  package init(host: String, port: Int) { endpoint = .tcp(host: host, port: port) }

  /// Reads an address; user and password may be percent-encoded (RFC 3986, section 2.1).
  package init(_ text: String) throws(Invalid) {
    if let path = text.removing(prefix: "unix://") {
      guard path.hasPrefix("/") else { throw Invalid(description: "a unix address looks like unix:///path/to/socket") }
      endpoint = .unix(path: path)
      return
    }
    let secured = text.removing(prefix: "rediss://")
    guard let rest = secured ?? text.removing(prefix: "redis://") else {
      throw Invalid(
        description: "a Redis address looks like redis[s]://[user:password@]host:port[/db] or unix:///path")
    }
    if secured != nil { tls = ClientTLS() }
    var authority = Substring(rest)
    if let slash = authority.firstIndex(of: "/") {
      database = try Self.database(authority[authority.index(after: slash)...])
      authority = authority[..<slash]
    }
    if let at = authority.lastIndex(of: "@") {
      (user, password) = try Self.credentials(authority[..<at])
      authority = authority[authority.index(after: at)...]
    }
    endpoint = try Self.endpoint(authority)
  }

  /// The address without user and password.
  package var description: String {
    switch endpoint {
    case .unix(let path): "unix://\(path)"
    case .tcp(let host, let port):
      (tls == nil ? "redis" : "rediss")
        + "://\(host.contains(":") ? "[\(host)]" : host):\(port)\(database == 0 ? "" : "/\(database)")"
    }
  }

  /// The redis-cli line that reaches this Redis. A password is asked for, never shown.
  package var inspectCommand: String {
    let login = (user.map { " --user \($0)" } ?? "") + (password == nil ? "" : " --askpass")
    switch endpoint {
    case .unix(let path): return "redis-cli -s \(path)"
    case .tcp(let host, let port):
      return "redis-cli -h \(host) -p \(port)\(tlsOptions)\(login)" + (database == 0 ? "" : " -n \(database)")
    }
  }

  private var tlsOptions: String {
    guard let tls else { return "" }
    let files = [("cacert", tls.trusted), ("cert", tls.certificate), ("key", tls.key)]
    return " --tls" + files.map { name, path in path.map { " --\(name) \($0)" } ?? "" }.joined()
  }

  private static func database(_ text: Substring) throws(Invalid) -> Int {
    if text.isEmpty { return 0 }
    guard let number = Int(text), number >= 0 else {
      throw Invalid(description: "the database in a Redis address is a number")
    }
    return number
  }

  private static func credentials(_ text: Substring) throws(Invalid) -> (user: String?, password: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(percentDecoded)
    guard parts.count == 2, let user = parts[0], let password = parts[1] else {
      throw Invalid(description: "the part before @ in a Redis address is user:password or :password")
    }
    return (user.isEmpty ? nil : user, password)
  }

  private static func endpoint(_ text: Substring) throws(Invalid) -> Endpoint {
    let invalid = Invalid(description: "a Redis address names a host and a port from 1 to 65535")
    var host = text
    var port: Substring?
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { throw invalid }
      host = text[text.index(after: text.startIndex)..<end]
      let behind = text[text.index(after: end)...]
      if !behind.isEmpty {
        guard behind.first == ":" else { throw invalid }
        port = behind.dropFirst()
      }
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      guard !host.contains(":") else { throw invalid }  // IPv6 needs its brackets
      port = text[text.index(after: colon)...]
    }
    let number = port.map { Int($0) } ?? 6379
    guard !host.isEmpty, let number, (1...65535).contains(number) else { throw invalid }
    return .tcp(host: String(host), port: number)
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        // A sign would be a number, too.
        guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
          return nil
        }
        rest = rest.dropFirst(2)
        bytes.append(value)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension String {
  fileprivate func removing(prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
