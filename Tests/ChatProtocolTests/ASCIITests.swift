// Owns: proof that what looks at eight bytes at a time sees what looking at one would.
// Must never: share code with it.
// Runs on: any thread.
import Testing

@testable import ChatProtocol

@Suite struct ASCIITests {
  /// One byte at a time.
  private func endOfPlain(_ bytes: [UInt8], from start: Int) -> Int {
    bytes[start...].firstIndex { !(0x20...0x7E).contains($0) || $0 == 0x22 || $0 == 0x5C } ?? bytes.count
  }

  private func hasControl(_ bytes: [UInt8]) -> Bool { ASCII.containsControlCharacter(bytes.span) }

  @Test func `every byte at every place, beside every other, ends a run or does not`() {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<19 {
        for beside in [UInt8(0x1F), 0x20, 0x21, 0x22, 0x5B, 0x5C, 0x7E, 0x7F, 0x80, 0xFF, 0x00, 0x61] {
          var bytes = [UInt8](repeating: 0x61, count: 19)
          bytes[place] = byte
          if place < 18 { bytes[place + 1] = beside }
          let ends = [0, 1, 8, place].map { ASCII.endOfPlain(bytes.span, from: $0) }
          let expected = [0, 1, 8, place].map { endOfPlain(bytes, from: $0) }
          #expect(ends == expected, "\(byte) at \(place), \(beside) beside it")
        }
      }
    }
  }

  @Test func `a control character is found wherever it stands`() {
    let text = Array("Grüße, \u{A0}arini: \"\\\" 🙂 \u{9F}".utf8)
    let clean = Array(text.dropLast(2))
    #expect(hasControl(text), "U+009F at the end")
    #expect(!hasControl(clean))
    for place in clean.indices {
      for control: UInt8 in [0x00, 0x1F, 0x7F] {
        var bytes = clean
        bytes[place] = control
        #expect(hasControl(bytes), "\(control) at \(place)")
      }
    }
    // The second byte of a character is no control character, but for C1's.
    for second in UInt8(0x80)...0xBF {
      #expect(hasControl([0x61, 0xC2, second]) == (second < 0xA0))
      #expect(!hasControl([0xC3, second]))
    }
  }
}
