// Owns: the rules by which frames become lines, and objects frames.
// Must never: need a socket: Tests/Web has clients that nobody here wrote.
// Runs on: any thread.
import NIOCore
import NIOWebSocket
import Testing

@testable import ChatServer

@Suite struct WebSocketMessageTests {
  private static let key: WebSocketMaskingKey = [1, 2, 3, 4]

  private func frame(_ opcode: WebSocketOpcode, _ text: String, isLast: Bool = true) -> WebSocketFrame {
    var bytes = ByteBuffer(string: text)
    bytes.webSocketMask(Self.key)
    return WebSocketFrame(fin: isLast, opcode: opcode, maskKey: Self.key, data: bytes)
  }

  private func line(_ text: String) -> WebSocketMessage.Outcome { .line(ByteBuffer(string: text)) }

  @Test func `a message is a line, in one frame or several`() {
    var message = WebSocketMessage()
    #expect(message.take(frame(.text, "ping")) == line("ping"))
    #expect(message.take(frame(.text, "")) == line(""))
    #expect(message.take(frame(.text, "se", isLast: false)) == .incomplete)
    #expect(message.isBegun)
    #expect(message.take(frame(.ping, "?")) == .ping(ByteBuffer(string: "?")))
    #expect(message.take(frame(.continuation, "", isLast: false)) == .incomplete)
    #expect(message.take(frame(.continuation, "nd")) == line("send"))
    #expect(!message.isBegun)
  }

  @Test func `a letter may be cut between fragments`() {
    var message = WebSocketMessage()
    var (head, tail) = (ByteBuffer(bytes: [0xC3]), ByteBuffer(bytes: [0xA9]))
    head.webSocketMask(Self.key)
    tail.webSocketMask(Self.key)
    #expect(message.take(WebSocketFrame(fin: false, opcode: .text, maskKey: Self.key, data: head)) == .incomplete)
    #expect(
      message.take(WebSocketFrame(fin: true, opcode: .continuation, maskKey: Self.key, data: tail)) == line("é"))
  }

  @Test func `a line feed within a message becomes a control character that ends nothing`() {
    var message = WebSocketMessage()
    #expect(message.take(frame(.text, "ping\nquit")) == line("ping\0quit"))
  }

  @Test(arguments: [1000, 1001, 1003, 1007, 1011, 3000, 4999])
  func `a reason to close that may be sent`(code: UInt16) {
    var message = WebSocketMessage()
    #expect(message.take(close(code)) == .close(WebSocketErrorCode(codeNumber: Int(code))))
  }

  @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
  func `a reason to close that is never sent`(code: UInt16) {
    var message = WebSocketMessage()
    #expect(message.take(close(code)) == .violation(.protocolError))
  }

  private func close(_ code: UInt16) -> WebSocketFrame {
    var bytes = ByteBuffer(integer: code)
    bytes.webSocketMask(Self.key)
    return WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: Self.key, data: bytes)
  }

  @Test func `each object is a frame of its own, whatever its length`() {
    let objects = [
      "{}", "{\"a\":\"" + String(repeating: "x", count: 200) + "\"}", String(repeating: "y", count: 70_000),
    ]
    var bytes = WebSocketHandler.frames(of: ByteBuffer(string: objects.map { $0 + "\r\n\r\n" }.joined()))
    for object in objects {
      #expect(bytes.readInteger(as: UInt8.self) == 0x81)
      var length = bytes.readInteger(as: UInt8.self).map(Int.init)
      if length == 126 { length = bytes.readInteger(as: UInt16.self).map(Int.init) }
      if length == 127 { length = bytes.readInteger(as: UInt64.self).map(Int.init) }
      #expect(bytes.readString(length: length ?? 0) == object)
    }
    #expect(bytes.readableBytes == 0)
  }
}
