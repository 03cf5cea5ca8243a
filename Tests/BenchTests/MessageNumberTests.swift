// Owns: that a numbered text reads as it was written, and that any changed byte is seen.
// Must never: need a server.
// Runs on: any thread.
import Testing

@testable import Bench

@Suite struct MessageNumberTests {
  private func read(_ bytes: [UInt8], at start: Int = 0, count: Int) -> MessageNumber? {
    MessageNumber(bytes.span, at: start, count: count)
  }

  @Test(arguments: [24, 25, 64, 500])
  func `what is written is read`(count: Int) {
    var text = MessageNumber.blankText(count: count)
    for message in [
      MessageNumber(sender: 0, recipient: 0, sequence: 0),
      MessageNumber(sender: 999_999, recipient: 123_456, sequence: 99_999_999),
      MessageNumber(sender: 7, recipient: 80, sequence: 900),
    ] {
      message.write(into: &text)
      #expect(text.count == count)
      #expect(read(text, count: count) == message)
      #expect(read([1, 2, 3] + text + [4], at: 3, count: count) == message)
    }
  }

  @Test func `any other byte anywhere is another message or none`() {
    let message = MessageNumber(sender: 12, recipient: 345, sequence: 678)
    var text = MessageNumber.blankText(count: 64)
    message.write(into: &text)
    for index in text.indices {
      for byte in [UInt8(ascii: "0"), UInt8(ascii: "z"), UInt8(ascii: "#"), 0, 255] where byte != text[index] {
        var changed = text
        changed[index] = byte
        #expect(read(changed, count: 64) != message)
      }
    }
  }

  @Test func `a text that is cut short is none`() {
    let text = MessageNumber.blankText(count: 64)
    for count in 0..<64 { #expect(read(Array(text[..<count]), count: 64) == nil) }
    #expect(read(text, count: 23) == nil)
  }

  @Test func `a text needs no change in JSON or on a line`() {
    let text = String(decoding: MessageNumber.blankText(count: 500), as: UTF8.self)
    #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "#:.".contains($0)) })
  }
}
