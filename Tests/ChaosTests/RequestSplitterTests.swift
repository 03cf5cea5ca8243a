// Owns: that the proxy finds the requests in a stream, however it was cut.
// Must never: open a socket.
// Runs on: swift-testing.
import Testing

@testable import chaos

@Suite struct RequestSplitterTests {
  private let append = "*3\r\n$6\r\nRPUSHX\r\n$3\r\nbox\r\n$4\r\na\r\nb\r\n"
  private let ping = "*1\r\n$4\r\nPING\r\n"
  private var words: [[[UInt8]]] { [["RPUSHX", "box", "a\r\nb"], ["PING"]].map { $0.map { Array($0.utf8) } } }

  @Test func `requests are found at whichever byte the stream is cut`() {
    let stream = Array((append + ping).utf8)
    for cut in 0...stream.count {
      var splitter = RequestSplitter()
      let found = (splitter.append(stream[..<cut]) ?? []) + (splitter.append(stream[cut...]) ?? [])
      #expect(found == words, "cut at \(cut)")
    }
  }

  @Test func `encoding gives the same bytes again`() {
    #expect(RequestSplitter.encode(words[0]) == Array(append.utf8))
  }

  @Test(arguments: ["PING\r\n", "*x\r\n", "*1\r\n:3\r\n", "*-1\r\n"]) func `what is no request is refused`(text: String)
  {
    var splitter = RequestSplitter()
    #expect(splitter.append(text.utf8) == nil)
  }

  @Test func `a sabotage leaves other requests alone`() {
    for sabotage in Sabotage.allCases {
      var saboteur = Saboteur(sabotage)
      #expect(saboteur.rewrite([words[1]]) == [words[1]])
    }
  }

  @Test func `swapping changes appends to the same inbox only`() {
    func request(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    var saboteur = Saboteur(.swap)
    let rewritten = saboteur.rewrite([
      request("RPUSHX", "a", "1"), request("PING"), request("RPUSHX", "b", "2"), request("RPUSHX", "a", "3"),
    ])
    #expect(
      rewritten == [
        request("RPUSHX", "a", "3"), request("PING"), request("RPUSHX", "b", "2"), request("RPUSHX", "a", "1"),
      ])
  }
}
