// Owns: proof that lines are cut right, however the bytes come.
// Must never: need a socket.
// Runs on: any thread.
import ChatProtocol
import NIOCore
import Testing

@testable import ChatServer

@Suite struct LineFramerTests {
  private let text = "ping\r\n\nauth arini pw \r\nsend x é🙂\r\r\n"
  private let lines = ["ping", "", "auth arini pw ", "send x é🙂\r"]

  private func lines(_ framer: inout LineFramer) -> [String] {
    var found: [String] = []
    while case .line(let line, let place) = framer.next() {
      #expect(place.count > line.readableBytes)
      found.append(String(buffer: line))
    }
    return found
  }

  @Test func `split at every byte, the lines are the same`() {
    let bytes = Array(text.utf8)
    for split in 0...bytes.count {
      var framer = LineFramer()
      var found: [String] = []
      for part in [bytes[..<split], bytes[split...]] {
        var buffer = ByteBuffer(bytes: part)
        framer.append(&buffer)
        found += lines(&framer)
      }
      #expect(found == lines, "split at \(split)")
      #expect(framer.received == bytes.count && framer.waiting == 0)
    }
  }

  @Test func `byte by byte too, and each line knows its place`() {
    var framer = LineFramer()
    var places: [Range<Int>] = []
    for byte in text.utf8 {
      var buffer = ByteBuffer(bytes: [byte])
      framer.append(&buffer)
      while case .line(_, let place) = framer.next() { places.append(place) }
    }
    #expect(places.first == 0..<6 && places.last?.upperBound == text.utf8.count)
    #expect(zip(places, places.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
  }

  @Test(arguments: [(8192, "\n", true), (8192, "\r\n", true), (8193, "\n", false), (8193, "\r\n", false)])
  func `the bound counts the line without its end`(count: Int, end: String, fits: Bool) {
    var framer = LineFramer()
    var buffer = ByteBuffer(string: String(repeating: "a", count: count) + end)
    framer.append(&buffer)
    if case .line(let line, _) = framer.next() { #expect(fits && line.readableBytes == count) } else { #expect(!fits) }
  }

  @Test func `a line without an end is refused as soon as it can't fit`() {
    var framer = LineFramer()
    var buffer = ByteBuffer(repeating: 0x61, count: 8193)
    framer.append(&buffer)
    var next = framer.next()
    #expect(next == .needsMoreBytes)  // a CR may be the last of them
    buffer = ByteBuffer(repeating: 0x61, count: 1)
    framer.append(&buffer)
    next = framer.next()
    #expect(next == .tooLong)
  }
}
