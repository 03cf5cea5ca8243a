// Owns: how a page of an inbox groups and orders its messages.
// Must never: depend on the order of a dictionary: it reads the bytes.
// Runs on: any thread.
import ChatProtocol
import Testing

@Suite struct InboxPageTests {
  private func page(_ messages: [(from: String, text: String)], first: Int, hasMore: Bool = false) -> InboxPage {
    let records = messages.map { message in
      MessageRecord(stored: Array(#"{"from":"\#(message.from)","msg":"\#(message.text)"}"#.utf8))
    }
    return InboxPage(displayTo: JSONString("Me"), firstSequence: first, records: records, hasMore: hasMore)
  }

  private func message(_ from: String, _ text: String, _ sequence: Int) -> String {
    #"{"msg_from":"\#(from)","msg_to":"Me","msg":"\#(text)","id":"","seq":\#(sequence),"at":""}"#
  }

  @Test func `senders in the order of their oldest message, each oldest first`() throws {
    let page = page([("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5")], first: 41)
    #expect(
      try json(.inbox(page)) == #"{"status":"OK","messages":{"#
        + #""b":[\#(message("b", "1", 41)),\#(message("b", "3", 43))],"#
        + #""a":[\#(message("a", "2", 42)),\#(message("a", "5", 45))],"#
        + #""c":[\#(message("c", "4", 44))]}}"#)
    #expect(page.lastSequence == 45)
  }

  @Test func `more is said only if there is more`() throws {
    #expect(
      try json(.inbox(page([("a", "x")], first: 1, hasMore: true)))
        == #"{"status":"OK","messages":{"a":[\#(message("a", "x", 1))]},"more":true}"#)
    #expect(try !json(.inbox(page([("a", "x")], first: 1))).contains("more"))
  }

  @Test func `an empty page has no last sequence`() {
    #expect(page([], first: 9).lastSequence == nil)
  }
}
