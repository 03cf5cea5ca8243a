// Owns: proof that encrypted bytes are counted by whole records, however the network cuts them.
// Must never: open a socket.
// Runs on: any thread.
import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct RecordMeterTests {
  private func record(_ length: Int) -> [UInt8] {
    [23, 3, 3, UInt8(length >> 8), UInt8(length & 255)] + [UInt8](repeating: 7, count: length)
  }

  @Test(arguments: [1, 2, 3, 5, 7, 300, 1000])
  func `what is not whole does not count`(piece: Int) throws {
    let lengths = [0, 1, 299, 2, 0]
    let bytes = lengths.flatMap(record)
    var ends: [Int] = []
    for length in lengths { ends.append((ends.last ?? 0) + 5 + length) }
    let meter = RecordMeter()
    let channel = EmbeddedChannel(handler: meter)
    var sent = 0
    while sent < bytes.count {
      let part = bytes[sent..<min(sent + piece, bytes.count)]
      try channel.writeInbound(ByteBuffer(bytes: part))
      sent += part.count
      #expect(meter.delivered == ends.last { $0 <= sent } ?? 0)
    }
    #expect(meter.delivered == bytes.count)
    _ = try channel.finish()
  }
}
