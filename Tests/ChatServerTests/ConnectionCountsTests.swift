// Owns: proof of the counts of connections, of the grace, and of what is announced.
// Must never: need a clock: time is an argument.
// Runs on: any thread.
import ChatProtocol
import ChatState
import NIOCore
import Testing

@testable import ChatServer

@Suite struct ConnectionCountsTests {
  private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000) + .seconds(seconds) }
  private let one = SessionID(of: .random())
  private let two = SessionID(of: .random())
  private func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

  /// What a report says, in alphabetical order.
  private func report(_ counts: inout ConnectionCounts) -> [String] {
    counts.takeReport().map { "\($0.user) \($0.presence.map { "\($0)" } ?? "-")" }.sorted()
  }

  @Test func `counts are absolute, and what Redis did not confirm is told again`() throws {
    let (a, b) = (try name("a"), try name("b"))
    var counts = ConnectionCounts(grace: .seconds(15))
    func change(_ user: AccountName, _ connections: Int, _ listeners: Int = 0, graceful: Bool = true) {
      counts.change(user, one, connections: connections, listeners: listeners, graceful: graceful, now: time(0))
    }
    change(a, 1)
    change(a, 1)
    change(a, 0, 1)
    change(b, 1)
    change(b, -1, graceful: false)
    let first = counts.takeReport()
    #expect(first.count == 2 && !counts.hasUnreported)
    #expect(report(&counts) == [])
    counts.failed(first)
    #expect(report(&counts) == ["a 2/1", "b -"])
    change(a, -1, -1)
    change(b, 1)
    change(b, -1)
    #expect(report(&counts) == ["a 1/0", "b 0/0"])
    // Under another id everybody is reported anew, those in their grace too.
    counts.startOver()
    #expect(report(&counts) == ["a 1/0", "b 0/0"])
    for number in 0..<700 { change(try name("u\(number)"), 1) }
    #expect(report(&counts).count == ConnectionCounts.reportSize && counts.hasUnreported)
  }

  @Test func `the grace ends after its time, unless she has come back`() throws {
    let (a, b) = (try name("a"), try name("b"))
    var counts = ConnectionCounts(grace: .seconds(15))
    for (user, session) in [(a, one), (b, two)] {
      counts.change(user, session, connections: 1, listeners: 0, graceful: true, now: time(0))
      counts.change(user, session, connections: -1, listeners: 0, graceful: true, now: time(10))
    }
    counts.change(b, two, connections: 1, listeners: 0, graceful: true, now: time(20))
    #expect(report(&counts) == ["a 0/0", "b 1/0"])
    #expect(counts.nextGraceEnd == time(25))
    let early = counts.endGraces(now: time(24))
    #expect(early == [] && counts[a] != nil)
    let ended = counts.endGraces(now: time(25))
    #expect(ended == [a] && counts[a] == nil && counts[b] != nil && counts.nextGraceEnd == nil)
    #expect(report(&counts) == ["a -"])
    // A second grace counts from its own beginning.
    counts.change(b, two, connections: -1, listeners: 0, graceful: true, now: time(30))
    counts.change(b, two, connections: 1, listeners: 0, graceful: true, now: time(40))
    counts.change(b, two, connections: -1, listeners: 0, graceful: true, now: time(41))
    #expect(counts.endGraces(now: time(45)) == [] && counts[b] != nil)
    #expect(counts.endGraces(now: time(56)) == [b])
  }

  @Test func `the end of a session has no grace, for her last connection`() throws {
    let a = try name("a")
    var counts = ConnectionCounts(grace: .seconds(15))
    counts.change(a, one, connections: 1, listeners: 0, graceful: true, now: time(0))
    counts.change(a, one, connections: 1, listeners: 0, graceful: true, now: time(0))
    counts.change(a, one, connections: -1, listeners: 0, graceful: false, now: time(0))
    #expect(counts[a] == UserPresence(connections: 1, listeners: 0))
    counts.change(a, one, connections: -1, listeners: 0, graceful: false, now: time(0))
    #expect(counts[a] == nil && counts.nextGraceEnd == nil)
    var none = ConnectionCounts(grace: .zero)
    none.change(a, one, connections: 1, listeners: 0, graceful: true, now: time(0))
    none.change(a, one, connections: -1, listeners: 0, graceful: true, now: time(0))
    #expect(none[a] == nil)
  }

  @Test func `the end of a session ends its own grace only, wherever it ended`() throws {
    let (a, b) = (try name("a"), try name("b"))
    var counts = ConnectionCounts(grace: .seconds(15))
    func change(_ user: AccountName, _ session: SessionID, _ connections: Int, graceful: Bool = true) {
      counts.change(user, session, connections: connections, listeners: 0, graceful: graceful, now: time(0))
    }
    for session in [one, two, one] {
      change(a, session, 1)
      change(a, session, -1)
    }
    let first = counts.sessionEnded(one, now: time(0))
    #expect(first == nil && counts[a] != nil, "her other session may come back")
    let second = counts.sessionEnded(two, now: time(0))
    let unknown = counts.sessionEnded(two, now: time(0))
    #expect(second == a && counts[a] == nil && unknown == nil)
    #expect(report(&counts) == ["a -"])
    // A logout that comes over another connection, as the clients of the course do it.
    change(b, one, 1)
    change(b, one, -1)
    change(b, one, 1)
    change(b, one, -1, graceful: false)
    #expect(counts[b] == nil)
    // A living connection outlives the grace of another session.
    change(a, one, 1)
    change(a, two, 1)
    change(a, two, -1)
    let left = counts.sessionEnded(two, now: time(0))
    let ended = counts.endGraces(now: time(20))
    #expect(left == nil && ended == [] && counts[a] == UserPresence(connections: 1, listeners: 0))
  }

  @Test func `the news of an ended session may come before that of its last connection`() throws {
    let a = try name("a")
    var counts = ConnectionCounts(grace: .seconds(15))
    counts.change(a, one, connections: 1, listeners: 0, graceful: true, now: time(0))
    let left = counts.sessionEnded(one, now: time(1))
    counts.change(a, one, connections: -1, listeners: 0, graceful: true, now: time(1))
    #expect(left == nil && counts[a] == nil, "no grace for a session that has ended")
  }

  @Test func `somebody who comes and goes all the time does not fill the queue of graces`() throws {
    let a = try name("a")
    var counts = ConnectionCounts(grace: .seconds(300))
    for _ in 0..<10_000 {
      counts.change(a, one, connections: 1, listeners: 0, graceful: true, now: time(0))
      counts.change(a, one, connections: -1, listeners: 0, graceful: true, now: time(1))
    }
    #expect(counts.queuedGraces < 100)
    #expect(counts.endGraces(now: time(301)) == [a])
  }

  @Test func `only what the others don't know is announced, in messages of a bounded length`() throws {
    let (a, b) = (try name("a"), try name("b"))
    var announcements = Announcements()
    func batch() -> [String] {
      announcements.takeBatch().map { PresenceAnnouncement.changes(NodeID("n"), version: $0, $1).description }
    }
    announcements.confirmed(a, .active)
    #expect(batch() == ["n 1 +a"] && announcements.isEmpty)
    announcements.confirmed(a, .active)  // a further device
    announcements.confirmed(b, .active)
    announcements.confirmed(b, nil)  // came and went
    #expect(announcements.isEmpty && batch() == [])
    announcements.confirmed(a, .listening)
    #expect(batch() == ["n 2 *a"])
    announcements.confirmed(a, nil)
    #expect(batch() == ["n 3 -a"])
    for number in 0..<1200 { announcements.confirmed(try name("u\(number)"), .active) }
    let large = announcements.takeBatch()
    #expect(large.map(\.version) == [4, 5, 6] && large.map(\.changes.count) == [500, 500, 200])
    #expect(Set(large.flatMap(\.changes).map(\.user)).count == 1200)
  }
}
