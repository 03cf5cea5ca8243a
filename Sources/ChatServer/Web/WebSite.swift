// What every visitor of the web port gets: the files of the page, and who may connect.
// Never reads a file: the pages are in the program.
// Any thread; a value that the event loops share.

import ChatProtocol
import Crypto
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression
import WebPages

/// The files under their paths.
struct WebSite: Sendable {
  /// A file with what HTTP says of it.
  struct File: Sendable {
    let body: ByteBuffer
    /// The same by gzip; `nil` if that is not shorter.
    let compressed: ByteBuffer?
    let type: String
    /// Changes with the content. Weak: the same file goes out compressed, too.
    let entityTag: String

    init(_ page: WebPage) {
      body = ByteBuffer(bytes: page.bytes)
      compressed = Self.gzip(body)
      type = page.type
      let digest = ASCII.hex(Array(SHA256.hash(data: page.bytes).prefix(12)))
      entityTag = "W/\"\(digest)\""
    }

    /// NIO's compressor is a channel handler; here it has a channel that leads nowhere. Once for each file and process: to compress for
    /// each request would make a request for the page the dearest thing that a stranger can ask.
    private static func gzip(_ body: ByteBuffer) -> ByteBuffer? {
      let channel = EmbeddedChannel(handler: HTTPResponseCompressor())
      defer { _ = try? channel.finish() }
      let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["accept-encoding": "gzip"])
      var compressed = ByteBuffer()
      do {
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        for part in [.head(HTTPResponseHead(version: .http1_1, status: .ok)), .body(.byteBuffer(body)), .end(nil)]
          as [HTTPServerResponsePart]
        {
          try channel.writeOutbound(part)
        }
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
          if case .body(.byteBuffer(var bytes)) = part { compressed.writeBuffer(&bytes) }
        }
      } catch {
        return nil
      }
      return (1..<body.readableBytes).contains(compressed.readableBytes) ? compressed : nil
    }
  }

  let files: [String: File]
  let origins: OriginPolicy

  init(_ pages: [WebPage], origins: OriginPolicy) {
    files = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, File($0)) })
    self.origins = origins
  }

  /// What a browser may do for our pages: load from here and nowhere else, run and style by files alone, and be in nobody's frame.
  /// (`'self'` covers the WebSocket of the same host: Content Security Policy 3, section 6.7.2.8.)
  static let securityHeaders = HTTPHeaders([
    (
      "content-security-policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin"),
  ])
}
