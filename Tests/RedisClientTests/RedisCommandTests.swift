// Owns: proof of the writing half of the codec, byte by byte.
// Must never: open a socket.
// Runs on: any thread.
import CHiredis
import Testing

@testable import RedisClient

@Suite struct RedisCommandTests {
  private func wire(_ command: RedisCommand?) -> String { String(decoding: command?.encoded ?? [], as: UTF8.self) }

  @Test func `encodes words, numbers and empty arguments`() {
    #expect(wire(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
    #expect(
      wire(RedisCommand("SET", "k", .number(-17), "", .text("é")))
        == "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n-17\r\n$0\r\n\r\n$2\r\né\r\n")
    #expect(wire(RedisCommand("")) == "*1\r\n$0\r\n\r\n")
    #expect(wire(RedisCommand("", "")) == "*2\r\n$0\r\n\r\n$0\r\n\r\n")
    #expect(wire(RedisCommand("GET", "a\(1)b")) == "*2\r\n$3\r\nGET\r\n$3\r\na1b\r\n")
  }

  @Test func `encodes every byte and a mebibyte as they are`() {
    let every = (0...255).map { UInt8($0) } + [13, 10, 0]
    #expect(
      RedisCommand("E", .bytes(every)).encoded
        == Array("*2\r\n$1\r\nE\r\n$259\r\n".utf8) + every + [13, 10])
    let large = [UInt8](repeating: 0xA5, count: 1 << 20)
    #expect(
      RedisCommand("E", .bytes(large), "z").encoded
        == Array("*3\r\n$1\r\nE\r\n$1048576\r\n".utf8) + large + Array("\r\n$1\r\nz\r\n".utf8))
  }

  /// What hiredis would write.
  private func byHiredis(_ words: [[UInt8]]) -> [UInt8] {
    var target: UnsafeMutablePointer<CChar>?
    let copies = words.map { word -> UnsafePointer<CChar>? in
      let copy = UnsafeMutableRawPointer.allocate(byteCount: max(word.count, 1), alignment: 1)
      copy.copyMemory(from: word, byteCount: word.count)
      return UnsafePointer(copy.assumingMemoryBound(to: CChar.self))
    }
    defer {
      for copy in copies { copy?.deallocate() }
      redisFreeCommand(target)
    }
    var pointers = copies
    let count = redisFormatCommandArgv(&target, Int32(words.count), &pointers, words.map(\.count))
    return Array(UnsafeRawBufferPointer(start: target, count: max(0, Int(count))))
  }

  @Test func `writes what hiredis would write`() {
    for length in [0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 65_535, 100_000] {
      let words = [Array("SET".utf8), [UInt8](repeating: 7, count: length), Array("\(length)".utf8)]
      #expect(RedisCommand(words.map { .bytes($0) }).encoded == byHiredis(words), "\(length)")
      #expect(RedisCommand("SET", .bytes(words[1]), .number(length)).encoded == byHiredis(words), "\(length)")
      let turned = [words[0], words[2], words[1]]
      var encoded: [UInt8] = []
      PreparedCommand("SET").encode(keyBytes: turned[1].count, turned[2], into: &encoded) { $0 += turned[1] }
      #expect(encoded == byHiredis(turned), "\(length)")
    }
    for number in [0, 7, -1, 10, -10, 4_294_967_296, .max, .min] {
      #expect(RedisCommand(.number(number)).encoded == byHiredis([Array("\(number)".utf8)]), "\(number)")
    }
    let many = (0..<1234).map { [UInt8](repeating: 1, count: $0 % 13) }
    #expect(RedisCommand(many.map { .bytes($0) }).encoded == byHiredis(many))
  }

  @Test func `calls a script by its digest and has its text at hand`() {
    let script = RedisScript(Array("return 1".utf8))
    #expect(script.digest == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")  // redis.io, EVALSHA's own example
    let operands = "$1\r\n2\r\n$2\r\nk1\r\n$2\r\nk2\r\n$1\r\nv\r\n"
    let call = RedisCommand(script, keys: ["k1", "k2"], ["v"])
    #expect(wire(call) == "*6\r\n$7\r\nEVALSHA\r\n$40\r\n\(script.digest)\r\n" + operands)
    #expect(wire(call.withScriptText) == "*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" + operands)
    #expect(call.withScriptText?.withScriptText == nil)
    #expect(RedisCommand("GET", "k").withScriptText == nil)
  }
}
