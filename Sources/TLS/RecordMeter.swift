// How much of what the kernel has received from a TLS peer has been decrypted and handed on.
// Never changes a byte, never looks into a record.
// A channel handler on one event loop, between the socket and TLS.

import NIOCore

/// Counts encrypted bytes by whole records: what is in the part of a record can't be known before its end has come.
/// (The kernel counts encrypted bytes, the connection plain ones; this is how the two are compared.)
package final class RecordMeter: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer

  /// Type, version and length of a record.
  private static let headerBytes = 5

  /// Encrypted bytes whose plain text is with the connection by the end of the present read.
  package private(set) var delivered = 0
  private var received = 0
  private var ofWholeRecords = 0
  private var header = 0
  private var length = 0
  private var left = 0

  package init() {}

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count(unwrapInboundIn(data).readableBytesView)
    context.fireChannelRead(data)
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    // TLS hands on what it has decrypted when it hears of this.
    delivered = ofWholeRecords
    context.fireChannelReadComplete()
  }

  /// Follows the records (RFC 8446, section 5.1: the last two bytes of a header are the length of what follows).
  func count(_ bytes: ByteBufferView) {
    var rest = bytes[...]
    while let byte = rest.first {
      if left > 0 {
        let skipped = min(left, rest.count)
        rest = rest.dropFirst(skipped)
        received += skipped
        left -= skipped
      } else {
        rest = rest.dropFirst()
        received += 1
        header += 1
        length = (length << 8 | Int(byte)) & 0xFFFF
        if header < Self.headerBytes { continue }
        (left, header) = (length, 0)
      }
      if left == 0 { ofWholeRecords = received }
    }
  }
}
