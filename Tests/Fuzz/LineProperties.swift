// Owns: what holds for any bytes that a client sends, on their way to a command.
// Must never: know how the framer or the parser works.
// Runs on: any thread.
import ChatProtocol
import ChatServer
import NIOCore

/// Bytes → lines → commands.
enum LineProperties {
  static func check(_ input: [UInt8]) throws(Finding) {
    var bytes = CutBytes(input)
    bytes.stretch(kibibyte: 1, few: 2, upTo: 9000)
    let expected = ReferenceLines(bytes.whole)
    try checkFramer(bytes.pieces, expected)
    for line in expected.lines { try CommandProperties.check(line) }
    // Also what no framer lets through: line ends within, more than 8 KiB.
    try CommandProperties.check(bytes.whole)
  }

  private static func checkFramer(_ pieces: [ArraySlice<UInt8>], _ expected: ReferenceLines) throws(Finding) {
    var framer = LineFramer()
    var found: [[UInt8]] = []
    var end = 0
    var arrived = 0
    for piece in pieces {
      var buffer = ByteBuffer(bytes: piece)
      framer.append(&buffer)
      arrived += piece.count
      try Finding.unless(framer.received == arrived, "\(framer.received) bytes counted of \(arrived)")
      taking: while true {
        switch framer.next() {
        case .line(let line, let place):
          found.append(Array(line.readableBytesView))
          let isInPlace = place.lowerBound == end && (1...2).contains(place.count - line.readableBytes)
          try Finding.unless(isInPlace, "line \(found.count) at \(place), the one before ends at \(end)")
          end = place.upperBound
        case .needsMoreBytes: break taking
        case .tooLong:
          try Finding.unless(expected.isTooLong, "a line within the limit is too long")
          return try Finding.unless(found == expected.lines, "\(found.count) lines before the one too long")
        }
      }
      let isBounded = framer.waiting == arrived - end && framer.waiting <= ProtocolLimits.lineBytes + 1
      try Finding.unless(isBounded, "\(framer.waiting) bytes wait")
    }
    try Finding.unless(!expected.isTooLong, "a line beyond the limit was not refused")
    try Finding.unless(found == expected.lines, "\(found.count) lines of \(expected.lines.count)")
  }
}

/// Lines as the protocol defines them, cut out of all bytes at once.
struct ReferenceLines {
  private(set) var lines: [[UInt8]] = []
  /// Whether a line behind these is too long, or can only become too long.
  private(set) var isTooLong = false

  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 10) {
      var line = rest[..<end]
      rest = rest[(end + 1)...]
      if line.last == 13 { line.removeLast() }
      if line.count > ProtocolLimits.lineBytes {
        isTooLong = true
        return
      }
      lines.append(Array(line))
    }
    isTooLong = rest.count > ProtocolLimits.lineBytes + 1
  }
}
