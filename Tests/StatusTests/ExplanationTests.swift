// Owns: proof of the sentences: what was read is said, in the right order and number.
// Must never: need a Redis.
// Runs on: swift-testing.
import ChatProtocol
import Testing

@testable import kabar

@Suite struct ExplanationTests {
  private let glimpse = MessageGlimpse(
    number: 7, id: "q3v9k1d0w7xz-1f", from: "lineker", at: "2026-11-22T12:01:03.000Z")

  private func line(_ change: (inout MessageFacts) -> Void) -> String {
    var facts = MessageFacts(recipient: "arini", message: glimpse, reading: ReadingFacts())
    change(&facts)
    return MessageExplanation(facts: facts).line
  }

  @Test func `the fates of a message`() {
    let place = "in the inbox of arini as number 7 since 2026-11-22T12:01:03.000Z (sent by lineker)"
    #expect(line { $0.reading.shown = 6 } == "q3v9k1d0w7xz-1f waits \(place), not yet shown.")
    #expect(line { $0.reading.shown = 7 } == "q3v9k1d0w7xz-1f waits \(place); it was shown, not confirmed.")
    let places = [
      ReadingFacts.Place(name: "n1-00000001/0", position: 6, age: 1200),
      ReadingFacts.Place(name: "n2-00000002/0", position: 7, age: 100),
      ReadingFacts.Place(name: "n3-00000003/1", position: 0, age: 15_001),
    ]
    #expect(
      line { $0.reading = ReadingFacts(shown: 9, confirmed: 8, places: places) }
        == "q3v9k1d0w7xz-1f stands \(place); it was confirmed; "
        + "n1-00000001/0 has not got it yet (is at number 6, called 1.2 s ago).")
    #expect(
      line { $0.reading.confirmed = 7 }
        == "q3v9k1d0w7xz-1f stands \(place); it was confirmed; the next call for this inbox takes it off.")
    #expect(line { $0.isTakenOff = true }.hasSuffix("; it was confirmed and taken off just now."))
    #expect(line { $0.isDisabled = true }.contains("of arini (whose account is disabled) as"))
    #expect(
      MessageExplanation.missing("x", in: nil) == "x is in no inbox: it was confirmed and taken off, or never stored.")
    #expect(MessageExplanation.missing("x", in: "messi").contains("not in the inbox of messi"))
  }

  @Test func `a user of whom there is nothing to say, and one of whom there is everything`() {
    var facts = UserFacts(name: "arini", display: "Arini", created: "2026-01-01T00:00:00.000Z")
    #expect(
      UserExplanation(facts: facts).lines == [
        "arini (Arini) has an account since 2026-01-01T00:00:00.000Z.",
        "There is no session: nobody is logged in as arini.", "arini is not active.",
        "The inbox is missing: kabar check says more.", "arini blocks nobody, and nobody blocks arini.",
      ])
    facts.disabledSince = "2026-02-01T00:00:00.000Z"
    facts.sessions = [SessionFacts(id: "1a2b3c4d", created: "C", seen: "S", address: "192.0.2.1", node: "n1-00000001")]
    facts.places = [
      ActivePlace(node: "n1-00000001", isAlive: true, connections: 2, listeners: 1),
      ActivePlace(node: "n2-00000002", isAlive: false, connections: 1, listeners: 0),
      ActivePlace(node: "n3-00000003", isAlive: true, connections: 0, listeners: 0),
    ]
    facts.inbox = InboxFacts(takenOff: 4, stored: 3, oldest: glimpse, newest: glimpse)
    facts.inbox?.oldest?.number = 5
    facts.inbox?.reading = ReadingFacts(shown: 6, confirmed: 5)
    (facts.blocks, facts.blockers) = (2, 1)
    #expect(
      UserExplanation(facts: facts).lines.dropFirst() == [
        "It is disabled since 2026-02-01T00:00:00.000Z: nobody can log in or send to it, its messages stay. "
          + "(kabar account enable arini)",
        "1 session, the one unused for longest first:",
        "  1a2b3c4d opened C from 192.0.2.1 on the node n1-00000001, last used S",
        "arini is active on the node n1-00000001: 2 connections, 1 of them listening.",
        "arini is active on the node n2-00000002: 1 connection, none of them listens, "
          + "whose lease has ended: its peers will take arini off.",
        "arini is active on the node n3-00000003 for some seconds more: the last connection there has ended.",
        "The inbox holds 3 messages, 2 of them not confirmed. 4 messages were confirmed and taken off before.",
        "  oldest: number 5, id q3v9k1d0w7xz-1f, from lineker, at 2026-11-22T12:01:03.000Z",
        "  newest: number 7, id q3v9k1d0w7xz-1f, from lineker, at 2026-11-22T12:01:03.000Z",
        "  shown, not confirmed: number 6", "  not yet shown: number 7",
        "  confirmed, still there: number 5; the next call for this inbox takes it off",
        "arini blocks 2 users, 1 user blocks arini.",
      ])
  }

  @Test func `the readers' hash is read; what is no place is passed over`() {
    let fields = [("n/0", "4 900"), ("shown", "6"), ("confirmed", "5"), ("broken", "x"), ("a/1", "7 2000")]
    let reading = ReadingFacts(fields, now: 1000)
    #expect(
      reading
        == ReadingFacts(
          shown: 6, confirmed: 5,
          places: [.init(name: "a/1", position: 7, age: 0), .init(name: "n/0", position: 4, age: 100)]))
    #expect(reading.holders(of: 5).map(\.name) == ["n/0"])
  }

  @Test func `glimpses are JSON read back, without the text`() {
    let stored = #"{"from":"lineker","msg_from":"G","msg":"secret","id":"a\"b","at":"T"}"#
    let glimpse = MessageGlimpse(number: 1, stored: Array(stored.utf8))
    #expect(glimpse == MessageGlimpse(number: 1, id: "a\"b", from: "lineker", at: "T"))
    #expect(MessageGlimpse(number: 1, stored: Array("by hand".utf8)).from == "?")
  }

  @Test(arguments: [
    ("q3v9k1d0w7xz-1f", true), ("q3v9k1d0w7xz-", false), ("q3v9k1d0w7x-1", false), ("arini", false), ("", false),
    ("q3v9k1d0w7xz-1-2", false), ("Q3v9k1d0w7xz-1", false),
  ])
  func `ids of messages`(_ text: String, _ isID: Bool) { #expect(ExplainCommand.isMessageID(text) == isID) }
}
