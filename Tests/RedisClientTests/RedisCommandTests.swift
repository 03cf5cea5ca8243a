// Owns: proof of the writing half of the codec, byte by byte.
// Must never: open a socket.
// Runs on: any thread.
import NIOCore
import Testing

@testable import RedisClient

@Suite struct RedisCommandTests {
  private func wire(_ command: RedisCommand?) -> String { command.map { String(buffer: $0.encoded) } ?? "" }

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
      Array(RedisCommand("E", .bytes(every)).encoded.readableBytesView)
        == Array("*2\r\n$1\r\nE\r\n$259\r\n".utf8) + every + [13, 10])
    let large = [UInt8](repeating: 0xA5, count: 1 << 20)
    #expect(
      Array(RedisCommand("E", .bytes(large), "z").encoded.readableBytesView)
        == Array("*3\r\n$1\r\nE\r\n$1048576\r\n".utf8) + large + Array("\r\n$1\r\nz\r\n".utf8))
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
