// Owns: proof that replies come out whole, however the network cuts or joins them, and that a reply has a bound.
// Must never: open a socket.
// Runs on: any.
import NIOCore
import Testing

@testable import ChatClient

@Suite struct ReplyFramerTests {
  static let stream = "{\"a\":1}\r\n\r\n{}\r\n\r\n{\"line\\r\\n\":\"x\\r\\n\\r\\n\"}\r\n\r\n"
  static let replies = ["{\"a\":1}", "{}", "{\"line\\r\\n\":\"x\\r\\n\\r\\n\"}"]

  private func drain(_ framer: inout ReplyFramer) throws -> [String] {
    var found: [String] = []
    while let reply = try framer.next() { found.append(String(buffer: reply)) }
    return found
  }

  @Test func severalRepliesInOneRead() throws {
    var framer = ReplyFramer(limit: 100)
    framer.append(ByteBuffer(string: Self.stream))
    #expect(try drain(&framer) == Self.replies)
  }

  @Test(arguments: 0...stream.utf8.count)
  func splitAt(_ position: Int) throws {
    var framer = ReplyFramer(limit: 100)
    framer.append(ByteBuffer(bytes: Self.stream.utf8.prefix(position)))
    var found = try drain(&framer)
    framer.append(ByteBuffer(bytes: Self.stream.utf8.dropFirst(position)))
    found += try drain(&framer)
    #expect(found == Self.replies)
  }

  @Test func everyByteByItself() throws {
    var framer = ReplyFramer(limit: 100)
    var found: [String] = []
    for byte in Self.stream.utf8 {
      framer.append(ByteBuffer(bytes: [byte]))
      found += try drain(&framer)
    }
    #expect(found == Self.replies)
  }

  @Test(arguments: [("\r\n\r\n", [""]), ("a\n\nb\r\n\n\r\n", []), ("a\r\r\n\r\n", ["a\r"]), ("\n\r\n\r\n", ["\n"])])
  func onlyTheWholeEndIsAnEnd(_ stream: String, _ replies: [String]) throws {
    var framer = ReplyFramer(limit: 100)
    framer.append(ByteBuffer(string: stream))
    #expect(try drain(&framer) == replies)
  }

  @Test(arguments: [true, false])
  func boundIsExact(inPieces: Bool) throws {
    func feed(_ count: Int) throws -> ByteBuffer? {
      var framer = ReplyFramer(limit: 10)
      let text = String(repeating: "x", count: count) + "\r\n\r\n"
      guard inPieces else {
        framer.append(ByteBuffer(string: text))
        return try framer.next()
      }
      for byte in text.utf8 {
        framer.append(ByteBuffer(bytes: [byte]))
        if let reply = try framer.next() { return reply }
      }
      return nil
    }
    #expect(try feed(10)?.readableBytes == 10)
    #expect(throws: ChatClientError.self) { try feed(11) }
  }

  @Test func endlessReplyIsRefusedAtTheBound() throws {
    var framer = ReplyFramer(limit: 10)
    framer.append(ByteBuffer(string: String(repeating: "x", count: 13)))
    #expect(try framer.next() == nil)
    framer.append(ByteBuffer(string: "x"))
    #expect(throws: ChatClientError.self) { try framer.next() }
  }
}
