// Owns: cutting the bytes of a connection into replies, which end with CR LF CR LF; the bound on one reply.
// Must never: look into a reply, or search a byte twice (a long reply arrives in thousands of pieces).
// Runs on: a value; belongs to the event loop of its connection.
import NIOCore

/// Cuts a stream of bytes into replies, however the network split or joined them.
struct ReplyFramer {
  /// Bytes that one reply may have, without the CR LF CR LF behind it.
  let limit: Int
  private var buffer = ByteBuffer()
  /// How many of the readable bytes are known to hold no end of a reply.
  private var searched = 0

  init(limit: Int) {
    self.limit = limit
  }

  /// Takes what the connection has just read.
  mutating func append(_ bytes: ByteBuffer) {
    guard buffer.readableBytes > 0 else {
      buffer = bytes
      return
    }
    // What is left in front is at most one unfinished reply, and after the first time it already is at the front.
    buffer.discardReadBytes()
    buffer.writeImmutableBuffer(bytes)
  }

  /// The next complete reply without its end, or nil until more bytes come.
  ///
  /// Throws ``ChatClientError/malformedReply(reason:)`` once a reply is longer than the limit.
  mutating func next() throws(ChatClientError) -> ByteBuffer? {
    while let end = nextLineFeed() {
      guard end >= 3, isBlankLine(endingAt: end) else { continue }
      let length = end - 3
      guard length <= limit else { throw tooLong }
      let reply = buffer.readSlice(length: length)
      buffer.moveReaderIndex(forwardBy: 4)
      searched = 0
      return reply
    }
    // Up to three bytes may already belong to the end.
    guard buffer.readableBytes <= limit + 3 else { throw tooLong }
    return nil
  }

  /// Where the next LF that was not looked at yet is, counted from the first readable byte.
  private mutating func nextLineFeed() -> Int? {
    let view = buffer.readableBytesView
    guard let found = view[(view.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = view.count
      return nil
    }
    searched = found - view.startIndex + 1
    return searched - 1
  }

  private func isBlankLine(endingAt offset: Int) -> Bool {
    buffer.getInteger(at: buffer.readerIndex + offset - 3, as: UInt32.self) == 0x0D0A_0D0A
  }

  private var tooLong: ChatClientError {
    .malformedReply(reason: "a reply is longer than \(limit) bytes")
  }
}
