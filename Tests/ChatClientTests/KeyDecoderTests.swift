// Owns: the table of which bytes are which keys, however they are cut.
// Must never: need a terminal.
// Runs on: any.
import Testing
import kabar

@Suite struct KeyDecoderTests {
  static let table: [(String, [Key])] = [
    ("ab", [.text("a"), .text("b")]),
    ("é日😀", [.text("é"), .text("日"), .text("😀")]),
    ("e\u{301}", [.text("e"), .text("\u{301}")]),
    ("\r\n", [.enter, .enter]), ("\t", [.text(" ")]), ("\u{7F}\u{8}", [.backspace, .backspace]),
    ("\u{1}\u{5}\u{B}\u{15}\u{17}", [.home, .end, .killToEnd, .killToStart, .killWord]),
    ("\u{2}\u{6}\u{10}\u{E}", [.left, .right, .up, .down]),
    ("\u{3}\u{4}\u{1A}\u{C}", [.interrupt, .endOfInput, .suspend, .redraw]),
    ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D\u{1B}[H\u{1B}[F", [.up, .down, .right, .left, .home, .end]),
    ("\u{1B}OA\u{1B}OB\u{1B}OC\u{1B}OD\u{1B}OH\u{1B}OF", [.up, .down, .right, .left, .home, .end]),
    ("\u{1B}[1~\u{1B}[7~\u{1B}[4~\u{1B}[8~\u{1B}[3~", [.home, .home, .end, .end, .delete]),
    ("\u{1B}[1;5C\u{1B}[1;5D\u{1B}b\u{1B}f\u{1B}\u{7F}", [.wordRight, .wordLeft, .wordLeft, .wordRight, .killWord]),
    ("\u{1B}[200~two\rlines \u{1B}[A\u{1B}[201~x", [.paste("two\rlines \u{1B}[A"), .text("x")]),
    ("\u{1B}[200~\u{1B}[201~", [.paste("")]),
    // What nobody knows types nothing, and the key behind it is itself again.
    ("\u{1B}[5~\u{1B}[99;99Z\u{1B}xa", [.text("a")]), ("\u{1B}[\rb", [.enter, .text("b")]),
    ("\0\u{7}\u{80}\u{9B}", []),
  ]

  @Test(arguments: table)
  func inOneRead(_ typed: String, _ keys: [Key]) {
    var decoder = KeyDecoder()
    #expect(decoder.decode(typed.utf8) == keys)
    #expect(!decoder.isInsideKey)
  }

  @Test(arguments: table)
  func byteByByte(_ typed: String, _ keys: [Key]) {
    var decoder = KeyDecoder()
    var found: [Key] = []
    for byte in typed.utf8 { found += decoder.decode([byte]) }
    #expect(found == keys)
  }

  @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
  func brokenUTF8TypesNothing(_ bytes: [UInt8]) {
    var decoder = KeyDecoder()
    #expect(decoder.decode(bytes + [0x61]) == [.text("a")])
  }

  @Test func silenceEndsAnEscapeAndLaterAPaste() {
    var decoder = KeyDecoder()
    #expect(decoder.patience == -1)
    #expect(decoder.decode([0x1B]) == [])
    #expect(decoder.patience == 50)
    var keys = decoder.giveUp()
    #expect(keys == [])
    #expect(decoder.decode(Array("[A".utf8)) == [.text("["), .text("A")])
    _ = decoder.decode(Array("\u{1B}[200~half\u{3}".utf8))
    #expect(decoder.patience == 1000)
    keys = decoder.giveUp()
    #expect(keys == [.paste("half\u{3}")])
    #expect(decoder.decode(Array("\u{1B}[201~\u{3}".utf8)) == [.interrupt])
  }

  @Test func aPasteIsBoundedAndItsEndIsFoundAllTheSame() {
    var decoder = KeyDecoder()
    let much = String(repeating: "x", count: KeyDecoder.pasteLimit + 100)
    let keys = decoder.decode(Array("\u{1B}[200~\(much)\u{1B}[201~a".utf8))
    #expect(keys == [.paste(String(repeating: "x", count: KeyDecoder.pasteLimit)), .text("a")])
  }
}
