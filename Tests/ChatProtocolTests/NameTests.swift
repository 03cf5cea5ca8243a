// Owns: proof that names and tokens hold only what their grammar allows.
// Must never: need Redis.
// Runs on: any thread.
import ChatProtocol
import Testing

import struct TestSupport.SeededGenerator

@Suite struct NameTests {
  @Test(arguments: [("arini", "arini"), ("ARINI", "arini"), ("0", "0"), ("a.b_c-d", "a.b_c-d"), ("Zz9-", "zz9-")])
  func `account names fold to lower case`(text: String, name: String) throws {
    #expect(try #require(AccountName(text)).description == name)
    #expect(AccountName(text) == AccountName(text.uppercased()))
  }

  @Test(arguments: [1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32])
  func `a name of any length is itself and no other`(length: Int) throws {
    let text = String("abcdefghijklmnopqrstuvwxyz012345".prefix(length))
    let name = try #require(AccountName(text))
    #expect(name.description == text)
    for index in text.indices {
      var changed = text
      changed.replaceSubrange(index...index, with: "9")
      let other = try #require(AccountName(changed))
      #expect(other != name && other.description == changed)
      #expect(Set([name, other]).count == 2)
    }
    if length > 1 { #expect(AccountName(String(text.dropLast())) != name) }
  }

  @Test(
    arguments: [
      "", " ", "a b", " a", "a ", ".a", "_a", "-a", "a\n", "a\0", "é", "\u{212A}", "a:b", "{a}", "a*", "a@b",
      "0f8fad5b-d9cb-469f-a165-70867728950e",
    ])
  func `no account names`(text: String) {
    #expect(AccountName(text) == nil)
  }

  @Test func `each byte, first and later`() {
    let first = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    let later = first.union("._-".utf8)
    for byte in UInt8.min ... .max {
      let (alone, second) = ([byte], [0x61, byte])
      #expect((AccountName(ascii: alone.span) != nil) == first.contains(byte))
      #expect((AccountName(ascii: second.span) != nil) == later.contains(byte))
    }
  }

  @Test func `display names`() {
    #expect(DisplayName("  Gary  Lineker ")?.description == "Gary  Lineker")
    #expect(DisplayName(String(repeating: "é", count: 64))?.description.utf8.count == 128)
    #expect(DisplayName(String(repeating: "é", count: 64) + "x") == nil)
    #expect(DisplayName("  \(String(repeating: "x", count: 128)) ") != nil)
    for text in ["", "   ", "a\nb", "a\tb", "\u{7F}", "a\u{85}b", "a\0"] { #expect(DisplayName(text) == nil) }
    // A space that carries a combining mark is a space all the same: texts are bytes to the protocol.
    #expect(DisplayName(" \u{301}x")?.description.utf8.first == 0xCC)
  }

  @Test func `a token's text leads back to it`() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      let token = try #require(SessionToken(random: bytes))
      #expect(token.text.utf8.count == 36)
      #expect("\(token) \(Optional(token) as Any)" == "(a token) Optional((a token))")
      #expect(SessionToken(token.text) == token)
      #expect(SessionToken(token.text.uppercased()) == token)
      // Version 4, variant 10; no other bit is touched (RFC 9562, section 5.4).
      #expect(token.bytes[6] == bytes[6] & 0x0F | 0x40)
      #expect(token.bytes[8] == bytes[8] & 0x3F | 0x80)
      for index in 0..<16 where index != 6 && index != 8 { #expect(token.bytes[index] == bytes[index]) }
    }
    let counted = try #require(SessionToken(random: Array(0..<16)))
    #expect(counted.text == "00010203-0405-4607-8809-0a0b0c0d0e0f")
  }

  @Test(
    arguments: [
      "", "0f8fad5b-d9cb-469f-a165-70867728950", "0f8fad5b-d9cb-469f-a165-70867728950e0",
      "0f8fad5bd9cb469fa16570867728950e", "0f8fad5b-d9cb-469f-a16570867728950e00",
      "-f8fad5b-d9cb-469f-a165-70867728950e",
      "0f8fad5bd-9cb-469f-a165-70867728950e", "0f8fad5b--9cb-469f-a165-70867728950e",
      "0f8fad5b-d9cb-469f-a165-7086772895--", "0f8fad5b_d9cb_469f_a165_70867728950e",
      "0f8fad5bad9cba469faa165a70867728950e", "0g8fad5b-d9cb-469f-a165-70867728950e",
    ])
  func `no tokens`(text: String) {
    #expect(SessionToken(text) == nil)
  }

  @Test func `a token takes 16 bytes`() {
    #expect(SessionToken(random: Array(repeating: 0, count: 15)) == nil)
    #expect(SessionToken(random: Array(repeating: 0, count: 17)) == nil)
  }
}
