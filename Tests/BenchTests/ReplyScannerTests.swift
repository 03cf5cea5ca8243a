// Owns: that replies end where they end, however the bytes are cut.
// Must never: need a server.
// Runs on: any thread.
import Testing

@testable import Bench

@Suite struct ReplyScannerTests {
  private static let lines = [
    "{\"status\":\"OK\"}\r\n\r\n", "\r\n\r\n", "{\"a\":\"x\"}\r\n \r\n\r\r\n\n\r\n\r\n", "x\r\n\r\n", "ab\n\n\r\n\r\n",
    "\r\r\n\r\n", "{\"event\":\"message\",\"seq\":7}\r\n\r\n",
  ]
  private static let values = [
    "+OK\r\n", "-ERR no 12\r\n", ":12\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "$0\r\n\r\n", "$5\r\na\r\nbc\r\n",
    "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n\r\n\r\n", "*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n$1\r\nx\r\n", ":0\r\n",
    "*2\r\n$1\r\nk\r\n*2\r\n$1\r\na\r\n$-1\r\n",
  ]

  /// The replies that a scanner finds if the bytes come in pieces.
  private func replies(_ wire: Wire, _ pieces: [ArraySlice<UInt8>]) -> (found: [String], rest: Int) {
    var scanner = ReplyScanner(wire)
    var buffer: [UInt8] = []
    var found: [String] = []
    for piece in pieces {
      buffer += piece
      var start = 0
      while let length = scanner.next(in: buffer.span, from: start) {
        found.append(String(decoding: buffer[start..<start + length], as: UTF8.self))
        start += length
      }
      buffer.removeFirst(start)
    }
    return (found, buffer.count)
  }

  private func examples(_ wire: Wire) -> [String] { wire == .line ? Self.lines : Self.values }

  @Test(arguments: [Wire.line, .resp]) func `cut at every byte, and at every pair of bytes`(wire: Wire) {
    let expected = examples(wire)
    let bytes = Array(expected.joined().utf8)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        let (found, rest) = replies(wire, [bytes[..<first], bytes[first..<second], bytes[second...]])
        guard found == expected, rest == 0 else {
          Issue.record("cut at \(first) and \(second): \(found), \(rest) left")
          return
        }
      }
    }
  }

  @Test(arguments: [Wire.line, .resp]) func `byte by byte`(wire: Wire) {
    let expected = examples(wire)
    let bytes = Array(expected.joined().utf8)
    let (found, rest) = replies(wire, bytes.indices.map { bytes[$0...$0] })
    #expect(found == expected)
    #expect(rest == 0)
  }

  @Test(arguments: [Wire.line, .resp]) func `a reply without its last byte is none yet`(wire: Wire) {
    for example in examples(wire) {
      let bytes = Array(example.utf8)
      #expect(replies(wire, [bytes.dropLast()]).found == [])
    }
  }
}
