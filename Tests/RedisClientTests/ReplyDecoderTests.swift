// Owns: proof of the reading half of the codec: every type, every cut, every limit.
// Must never: open a socket.
// Runs on: any thread.
import Foundation
import NIOCore
import Testing

@testable import RedisClient

@Suite struct ReplyDecoderTests {
  /// Every type of RESP2 with what it means.
  static let table: [(wire: String, reply: RedisReply)] = [
    ("+OK\r\n", .bytes(Array("OK".utf8))),
    ("+\r\n", .bytes([])),
    ("-ERR no such thing\r\n", .error(RedisServerError(message: "ERR no such thing"))),
    ("-LOADING\r\n", .error(RedisServerError(message: "LOADING"))),
    (":0\r\n", .integer(0)),
    (":-42\r\n", .integer(-42)),
    (":9223372036854775807\r\n", .integer(.max)),
    (":-9223372036854775808\r\n", .integer(.min)),
    ("$-1\r\n", .null),
    ("$0\r\n\r\n", .bytes([])),
    ("$7\r\na\r\n\0$1b\r\n", .bytes([97, 13, 10, 0, 36, 49, 98])),
    ("$5\r\npiyé\r\n", .bytes(Array("piyé".utf8))),
    ("*-1\r\n", .null),
    ("*0\r\n", .array([])),
    ("*3\r\n$-1\r\n*-1\r\n-ERR in\r\n", .array([.null, .null, .error(RedisServerError(message: "ERR in"))])),
    (
      "*3\r\n*2\r\n:1\r\n*1\r\n+x\r\n*0\r\n$1\r\nz\r\n",
      .array([.array([.integer(1), .array([.bytes([120])])]), .array([]), .bytes([122])])
    ),
  ]

  private func decode(_ parts: [[UInt8]], limits: ReplyDecoder.Limits = .init()) throws -> [RedisReply] {
    let decoder = try ReplyDecoder(limits: limits)
    var replies: [RedisReply] = []
    for part in parts {
      try decoder.feed(ByteBuffer(bytes: part))
      while let reply = try decoder.next() { replies.append(reply) }
    }
    return replies
  }

  @Test(arguments: table.indices)
  func `reads each type, cut anywhere`(index: Int) throws {
    let (wire, reply) = Self.table[index]
    let bytes = Array(wire.utf8)
    for cut in 0...bytes.count {
      #expect(try decode([Array(bytes[..<cut]), Array(bytes[cut...])]) == [reply], "cut at \(cut)")
      #expect(try decode([Array(bytes[..<cut])]).isEmpty == (cut < bytes.count), "only \(cut) bytes")
    }
    #expect(try decode(bytes.map { [$0] }) == [reply])
  }

  @Test func `reads many replies from one feed and from single bytes`() throws {
    let bytes = (0..<200).flatMap { _ in Self.table.flatMap { Array($0.wire.utf8) } }
    let replies = (0..<200).flatMap { _ in Self.table.map(\.reply) }
    #expect(try decode([bytes]) == replies)
    #expect(try decode(bytes.map { [$0] }) == replies)
  }

  @Test func `keeps every byte of a binary string`() throws {
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let wire = Array("$100000\r\n".utf8) + content + [13, 10]
    let parts = stride(from: 0, to: wire.count, by: 1021).map { Array(wire[$0..<min($0 + 1021, wire.count)]) }
    #expect(try decode(parts) == [.bytes(content)])
  }

  @Test(arguments: ["hello\r\n", "*1\r\nx\r\n", ":4x\r\n", "$abc\r\n", "$-2\r\n", "*-2\r\n", "*x\r\n", "\r\n"])
  func `is dead after malformed bytes`(wire: String) throws {
    let decoder = try ReplyDecoder()
    try decoder.feed(ByteBuffer(string: "+before\r\n" + wire + "+after\r\n"))
    #expect(try decoder.next()?.text == "before")
    for _ in 0..<3 {
      #expect {
        try decoder.next()
      } throws: { error in
        if case .malformed(let text) = error as? ReplyDecoder.Failure { !text.isEmpty } else { false }
      }
    }
    #expect(throws: ReplyDecoder.Failure.self) { try decoder.feed(ByteBuffer(string: "+later\r\n")) }
  }

  @Test func `refuses an advertised length without allocating it`() throws {
    let decoder = try ReplyDecoder()
    let before = try virtualMemory()
    try decoder.feed(ByteBuffer(string: "*1000000000\r\n"))
    #expect(throws: ReplyDecoder.Failure.tooLarge) { try decoder.next() }
    #expect(try virtualMemory() - before < 4 << 30)  // the array would be 8 GB
  }

  @Test func `refuses to nest deeper than seven arrays`() throws {
    func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "*1\r\n", count: depth) + ":1\r\n").utf8) }
    let seven = try decode([nested(7)])
    #expect(seven == [(0..<7).reduce(RedisReply.integer(1)) { inner, _ in .array([inner]) }])
    for depth in [8, 9, 1_000_000] {
      #expect(throws: ReplyDecoder.Failure.tooLarge, "\(depth)") { try decode([nested(depth)]) }
    }
  }

  @Test func `counts the elements of inner arrays too`() throws {
    let limits = ReplyDecoder.Limits(bytes: 1000, elements: 3)
    #expect(try decode([Array("*3\r\n:1\r\n:2\r\n:3\r\n".utf8)], limits: limits).count == 1)
    #expect(throws: ReplyDecoder.Failure.tooLarge) { try decode([Array("*4\r\n".utf8)], limits: limits) }
    #expect(throws: ReplyDecoder.Failure.tooLarge) { try decode([Array("*1\r\n*4\r\n".utf8)], limits: limits) }
  }

  @Test(arguments: [
    "$1000\r\n" + String(repeating: "x", count: 101), "*100\r\n" + String(repeating: ":1\r\n", count: 30),
  ])
  func `gives up an incomplete reply beyond the cap`(wire: String) throws {
    let bytes = Array(wire.utf8)
    let limits = ReplyDecoder.Limits(bytes: 100, elements: 1000)
    #expect(throws: ReplyDecoder.Failure.tooLarge) { try decode([bytes], limits: limits) }
    #expect(throws: ReplyDecoder.Failure.tooLarge) { try decode(bytes.map { [$0] }, limits: limits) }
    #expect(try decode([Array(bytes[..<100])], limits: limits).isEmpty)
  }

  @Test func `refuses a complete reply beyond the cap, and is dead after it`() throws {
    let limits = ReplyDecoder.Limits(bytes: 17, elements: 10)
    let good = "$10\r\n0123456789\r\n"
    for parts in [["$11\r\n0123456789a\r\n" + good], ["$11\r\n0123456789a\r", "\n" + good, good]] {
      let decoder = try ReplyDecoder(limits: limits)
      try decoder.feed(ByteBuffer(string: good))
      #expect(try decoder.next()?.text == "0123456789")
      var failures = 0
      for part in parts {
        do {
          try decoder.feed(ByteBuffer(string: part))
          #expect(try decoder.next() == nil)
        } catch {
          #expect(error == .tooLarge)
          failures += 1
        }
      }
      #expect(failures > 0)
      #expect(throws: ReplyDecoder.Failure.tooLarge) { try decoder.next() }
    }
  }

  @Test func `counts the bytes of each reply by itself`() throws {
    let limits = ReplyDecoder.Limits(bytes: 20, elements: 10)
    let bytes = (0..<100).flatMap { _ in Array("$10\r\n0123456789\r\n".utf8) }  // 17 bytes each
    #expect(try decode([bytes], limits: limits).count == 100)
    #expect(try decode(bytes.map { [$0] }, limits: limits).count == 100)
  }
}

/// The address space of this process in bytes.
private func virtualMemory() throws -> Int {
  let words = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return (Int(words.first ?? "") ?? 0) * 4096
}
