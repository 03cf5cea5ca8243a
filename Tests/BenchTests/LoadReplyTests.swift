// Owns: what the generator takes from a reply.
// Must never: need a server.
// Runs on: any thread.
import Testing

@testable import Bench

@Suite struct LoadReplyTests {
  private func kind(_ text: String, _ wire: Wire) -> LoadReply {
    let bytes = Array(text.utf8)
    return LoadReply(bytes.span, 0..<bytes.count, wire)
  }

  @Test func `the first bytes tell an OK, a refusal and an event`() {
    #expect(kind("{\"status\":\"OK\",\"message\":\"pong\"}\r\n\r\n", .line) == .accepted)
    #expect(kind("{\"status\":\"ERROR\",\"message\":\"OK?\",\"code\":\"x\"}\r\n\r\n", .line) == .refused)
    #expect(kind("{\"event\":\"message\",\"seq\":7}\r\n\r\n", .line) == .event)
    #expect(kind("+OK\r\n", .resp) == .accepted)
    #expect(kind("-ERR no\r\n", .resp) == .refused)
    #expect(kind("*-1\r\n", .resp) == .accepted)
  }

  @Test func `a refusal has its stable name`() {
    let line = Array(
      "{\"status\":\"ERROR\",\"message\":\"Wait\",\"code\":\"slow_down\",\"retry_after_ms\":9}\r\n\r\n".utf8)
    #expect(LoadReply.code(line.span, 0..<line.count, .line) == "slow_down")
    let resp = Array("-WRONGTYPE Operation\r\n".utf8)
    #expect(LoadReply.code(resp.span, 0..<resp.count, .resp) == "WRONGTYPE")
  }

  @Test func `an event of a message has a sequence number, others have none`() {
    func sequence(_ text: String) -> Int? {
      let bytes = Array(text.utf8)
      return LoadReply.sequence(bytes.span, 0..<bytes.count)
    }
    #expect(sequence("{\"event\":\"message\",\"seq\":1207,\"id\":\"x\"}\r\n\r\n") == 1207)
    #expect(sequence("{\"event\":\"presence\",\"user\":\"u\",\"active\":true}\r\n\r\n") == nil)
    #expect(sequence("{\"event\":\"session_ended\"}\r\n\r\n") == nil)
    #expect(sequence("{\"event\":\"closing\",\"code\":\"idle_timeout\"}\r\n\r\n") == nil)
  }

  @Test func `every numbered text of a page is found, a damaged one as such`() {
    var page: [UInt8] = Array("{\"status\":\"OK\",\"messages\":{\"a\":[".utf8)
    for sequence in 0..<3 {
      var text = MessageNumber.blankText(count: 40)
      MessageNumber(sender: 1, recipient: 2, sequence: sequence).write(into: &text)
      if sequence == 1 { text[30] = UInt8(ascii: "?") }
      page += Array("{\"msg\":\"".utf8) + text + Array("\"},".utf8)
    }
    var found: [MessageNumber?] = []
    LoadReply.messages(page.span, 0..<page.count, size: 40) { found.append($0) }
    #expect(found.map { $0?.sequence } == [0, nil, 2])
  }
}
