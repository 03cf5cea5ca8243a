// Owns: that answers are found in a stream, however it was cut, and read as what they are.
// Must never: open a socket.
// Runs on: swift-testing.
import Testing

@testable import attack

@Suite struct AnswerTests {
  private let stream = Array(
    """
    {"status":"OK","seq":3,"x":{"seq":17}}\r\n\r
    {"status":"ERROR","message":"m","code":"busy"}\r\n\r
    {"event":"message","seq":4,"msg":"no 5 x"}\r\n\r
    <html>\r\n\r

    """.utf8)

  @Test func `answers are found at whichever byte the stream is cut`() {
    for cut in 0...stream.count {
      var scanner = AnswerScanner()
      let first = scanner.append(stream[..<cut])
      let answers = first + scanner.append(stream[cut...])
      #expect(answers.map(\.name) == ["OK", "busy", "event message", "malformed"], "cut at \(cut)")
    }
  }

  @Test func `texts and numbers are read`() {
    var scanner = AnswerScanner()
    let answers = scanner.append(stream[...])
    #expect(answers[0].number(of: "seq") == 3)
    #expect(answers[0].largestNumber(of: "seq") == 17)
    #expect(answers[1].text(of: "message") == "m")
    #expect(answers[1].largestNumber(of: "seq") == nil)
    #expect(answers[2].event == "message")
    #expect(answers[2].text(of: "msg") == "no 5 x")
    #expect(answers[2].code == nil && !answers[2].isOK)
  }
}
