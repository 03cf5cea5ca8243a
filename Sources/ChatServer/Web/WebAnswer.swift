// What a browser is answered: a file of the page, or why there is none.
// Never knows a connection.
// Pure value; any thread.

import NIOCore
import NIOHTTP1

/// An HTTP response before it is known how it travels.
struct WebAnswer {
  let status: HTTPResponseStatus
  /// Without those that the connection decides.
  let headers: HTTPHeaders
  /// `nil`: there is none by the status' nature.
  let body: ByteBuffer?
  /// Nothing more is taken on the connection.
  var isLast = false

  /// The path that a request asks for.
  static func path(of head: HTTPRequestHead) -> String { String(head.uri.prefix { $0 != "?" }) }

  init(to head: HTTPRequestHead, of site: WebSite) {
    let path = Self.path(of: head)
    // NIO's parser has stopped behind a request that wanted to become something else, whatever that is answered.
    defer { if head.headers.contains(name: "upgrade") { isLast = true } }
    guard head.method == .GET || head.method == .HEAD else {
      // What it has to say is not read.
      self.init(.methodNotAllowed, "only GET and HEAD", [("allow", "GET, HEAD")])
      isLast = true
      return
    }
    if path == UpgradeRefusal.path {
      self.init(UpgradeRefusal(head, site.origins))
    } else if let file = site.files[path] {
      self.init(file, to: head)
    } else {
      self.init(.notFound, "there is nothing here")
    }
  }

  /// The client has asked too much.
  static func tooManyRequests(retryAfter seconds: Int) -> WebAnswer {
    var answer = WebAnswer(.tooManyRequests, "too many requests", [("retry-after", "\(seconds)")])
    answer.isLast = true
    return answer
  }

  private init(_ file: WebSite.File, to head: HTTPRequestHead) {
    var headers = WebSite.securityHeaders
    headers.add(contentsOf: [("etag", file.entityTag), ("cache-control", "no-cache"), ("vary", "accept-encoding")])
    if head.headers[canonicalForm: "if-none-match"].contains(where: { $0 == file.entityTag || $0 == "*" }) {
      (status, self.headers, body) = (.notModified, headers, nil)
      return
    }
    headers.add(name: "content-type", value: file.type)
    let takesGzip = head.headers[canonicalForm: "accept-encoding"].contains { Self.accepts($0, "gzip") }
    if takesGzip, file.compressed != nil { headers.add(name: "content-encoding", value: "gzip") }
    (status, self.headers, body) = (.ok, headers, takesGzip ? file.compressed ?? file.body : file.body)
  }

  /// Whether an element of Accept-Encoding is this coding and does not refuse it by a weight of 0 (RFC 9110, section 12.5.3).
  private static func accepts(_ element: Substring, _ coding: String) -> Bool {
    let parts = element.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
    guard parts.first == coding else { return false }
    return !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
  }

  /// Whoever comes here has asked for the WebSocket, and has not got it.
  private init(_ refusal: UpgradeRefusal?) {
    let isUpgradeNeeded = refusal?.status == .upgradeRequired
    self.init(
      refusal?.status ?? .badRequest,
      // Too late on a connection that has served something else: see NIO's HTTPServerUpgradeHandler.
      refusal?.message ?? "ask for the WebSocket on a new connection",
      isUpgradeNeeded ? [("upgrade", "websocket"), ("sec-websocket-version", "13")] : [])
  }

  private init(_ status: HTTPResponseStatus, _ line: String, _ more: [(String, String)] = []) {
    var headers = WebSite.securityHeaders
    headers.add(contentsOf: more + [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")])
    (self.status, self.headers, body) = (status, headers, ByteBuffer(string: line + "\n"))
  }
}
