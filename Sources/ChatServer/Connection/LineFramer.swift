// Cuts the bytes of a connection into lines.
// Never holds more than one line beyond what has arrived, never copies a line.
// Pure value; on the event loop of its connection.

import ChatProtocol
import Glibc
import NIOCore

/// Bytes that arrived and the lines in them; a line ends with LF, a CR before it belongs to the end. What stands behind the
/// last LF when the connection ends is no request: it may be the half of one.
package struct LineFramer {
  package enum Next: Equatable {
    /// A line without its end, and where it begins and ends among all bytes of the connection.
    case line(ByteBuffer, place: Range<Int>)
    case needsMoreBytes
    /// There is no line end within the limit; nothing more can be read.
    case tooLong
  }

  private var buffer = ByteBuffer()
  /// Bytes of `buffer` that are known to hold no LF.
  private var searched = 0
  /// Bytes that this connection has sent in all.
  package private(set) var received = 0

  package init() {}

  /// Bytes that wait to be taken.
  package var waiting: Int { buffer.readableBytes }

  package mutating func append(_ bytes: inout ByteBuffer) {
    received += bytes.readableBytes
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      buffer.discardReadBytes()  // or a client that ends each packet within a line would make it grow for ever
      buffer.writeBuffer(&bytes)
    }
  }

  package mutating func next() -> Next {
    let waiting = buffer.readableBytes
    let start = received - waiting
    guard let length = lengthOfLine() else {
      searched = waiting
      // A CR may be the last of them, hence the one byte more.
      if waiting > ProtocolLimits.lineBytes + 1 { return .tooLong }
      release()
      return .needsMoreBytes
    }
    searched = 0
    guard var line = buffer.readSlice(length: length) else { return .needsMoreBytes }
    buffer.moveReaderIndex(forwardBy: 1)
    if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
    if line.readableBytes > ProtocolLimits.lineBytes { return .tooLong }
    return .line(line, place: start..<start + length + 1)
  }

  /// Bytes before the first LF; `nil` if there is none.
  private func lengthOfLine() -> Int? {
    buffer.withUnsafeReadableBytes { bytes -> Int? in
      guard let start = bytes.baseAddress, searched < bytes.count else { return nil }
      let end = memchr(start + searched, Int32(UInt8(ascii: "\n")), bytes.count - searched)
      return end.map { UnsafeRawPointer($0) - start }
    }
  }

  /// Nothing more is taken: what has arrived is let go of.
  package mutating func discard() { (buffer, searched) = (ByteBuffer(), 0) }

  /// An idle connection keeps no buffer.
  private mutating func release() {
    if buffer.readableBytes == 0 { buffer = ByteBuffer() }
  }
}
