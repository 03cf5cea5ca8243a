// Owns: proof of who is told what of a change of presence.
// Must never: need a connection: any object stands for one.
// Runs on: any thread.
import ChatProtocol
import ChatState
import Testing

@testable import ChatServer

@Suite struct WatchersTests {
  private final class Connection {}
  private let one = Connection()
  private let two = Connection()
  private var first: Watchers.Connection { ObjectIdentifier(one) }
  private var second: Watchers.Connection { ObjectIdentifier(two) }
  private let now = Timestamp(milliseconds: 5)
  private func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

  private func news(_ batch: PresenceBatch, _ watchers: Watchers) -> [Watchers.Connection: [String]] {
    watchers.news(in: batch).mapValues { $0.map { ($0.isActive ? "+" : "-") + $0.user.description }.sorted() }
  }

  @Test func `the connections of one user watch a bounded number of names together, others as many again`() throws {
    let (owner, other) = (try name("owner"), try name("other"))
    let names = try (0..<1000).map { try name("u\($0)") }
    let connections = (0..<7).map { _ in Connection() }
    var watchers = Watchers()
    let filled = connections[..<5].map { watchers.watch(.users(names), by: ObjectIdentifier($0), of: owner) }
    #expect(filled == [true, true, true, true, true])
    let (sixth, seventh) = (ObjectIdentifier(connections[5]), ObjectIdentifier(connections[6]))
    let surplus = watchers.watch(.users([names[0]]), by: sixth, of: owner)
    let others = watchers.watch(.users(names), by: seventh, of: other)
    #expect(!surplus && others)
    watchers.unwatch(.users([names[0], names[1], names[1]]), by: ObjectIdentifier(connections[0]))
    let two = watchers.watch(.users([names[0], names[1]]), by: sixth, of: owner)
    let third = watchers.watch(.users([names[2]]), by: sixth, of: owner)
    #expect(two && !third)
    watchers.stop(ObjectIdentifier(connections[1]))
    let again = watchers.watch(.users(Array(names[..<998])), by: sixth, of: owner)
    #expect(again)
  }

  @Test func `each is told of those that she watches, once`() throws {
    let (a, b, c) = (try name("a"), try name("b"), try name("c"))
    var watchers = Watchers()
    var view = PresenceView(own: NodeID("own-1"))
    let added = [
      watchers.watch(.users([a, b, a]), by: first), watchers.watch(.everyone, by: second),
      watchers.watch(.users([a]), by: second),
    ]
    #expect(added == [true, true, true])
    for user in [a, b, c] { view.setOwn(user, .active, at: now) }
    #expect(news(view.takeChanges(), watchers) == [first: ["+a", "+b"], second: ["+a", "+b", "+c"]])
    watchers.unwatch(.users([a]), by: first)
    watchers.unwatch(.users([a]), by: second)  // it watches everyone all the same
    for user in [a, b] { view.setOwn(user, nil, at: now) }
    #expect(news(view.takeChanges(), watchers) == [first: ["-b"], second: ["-a", "-b"]])
    watchers.unwatch(.everyone, by: second)
    watchers.stop(first)
    view.setOwn(a, .active, at: now)
    #expect(news(view.takeChanges(), watchers).isEmpty && watchers.connections.isEmpty)
  }

  @Test func `one user too many changes nothing`() throws {
    var watchers = Watchers()
    let users = try (0..<1000).map { try name("u\($0)") }
    let filled = watchers.watch(.users(users), by: first)
    let again = watchers.watch(.users([users[3]]), by: first)
    let more = watchers.watch(.users([try name("x"), users[0]]), by: first)
    #expect(filled && again && !more)
    #expect(Set(watchers.users(watchedBy: first)) == Set(users))
    var view = PresenceView(own: NodeID("own-1"))
    view.setOwn(try name("x"), .active, at: now)
    #expect(news(view.takeChanges(), watchers).isEmpty)
  }

  /// The reply to `watch` comes from the view as it is, which may be ahead of the next batch.
  @Test func `nobody is told what the reply said, nor left with what has changed since`() throws {
    let (a, b, c) = (try name("a"), try name("b"), try name("c"))
    var watchers = Watchers()
    var view = PresenceView(own: NodeID("own-1"))
    view.setOwn(c, .active, at: now)
    _ = view.takeChanges()
    view.setOwn(a, .active, at: now)
    view.setOwn(b, .active, at: now)
    view.setOwn(c, nil, at: now)
    for connection in [first, second] {
      let added = watchers.watch(.users([a, b, c]), by: connection)
      #expect(added)
    }
    watchers.told(first, at: view.revision)  // the reply: a and b are active, c is not
    view.setOwn(b, nil, at: now)
    view.setOwn(c, .active, at: now)
    let batch = view.takeChanges()
    // The second was told before all of it: b came and went, c went and came.
    #expect(news(batch, watchers) == [first: ["+c", "-b"], second: ["+a"]])
    watchers.told(second, at: view.revision)
    #expect(news(batch, watchers)[second] == nil)
  }

  @Test func `a thousand changes are told, one more is a summary`() throws {
    var view = PresenceView(own: NodeID("own-1"))
    for number in 0..<1000 { view.setOwn(try name("u\(number)"), .active, at: now) }
    view.setOwn(try name("x"), .active, at: now)
    view.setOwn(try name("x"), nil, at: now)
    let told = view.takeChanges()
    #expect(!told.isSummary && told.changes.count == 1001 && told.active == 1000)
    for number in 0..<1001 { view.setOwn(try name("v\(number)"), .active, at: now) }
    let summary = view.takeChanges()
    #expect(summary.isSummary && summary.changes.isEmpty && summary.active == 2001)
  }

  @Test func `who missed something is told each user once, in order`() throws {
    var watchers = Watchers()
    let (a, b) = (try name("a"), try name("b"))
    watchers.miss([a], first)
    #expect(!watchers.isBehind(first), "it watches nobody")
    let added = watchers.watch(.everyone, by: first)
    watchers.miss([b, a], first)
    watchers.miss([b], first)
    #expect(added && watchers.isBehind(first))
    let news = (0..<3).map { _ in watchers.nextMissed(first) }
    #expect(news == [.presence(of: b), .presence(of: a), nil] && !watchers.isBehind(first))
    watchers.miss([a], first)
    watchers.told(first, at: 1)
    #expect(!watchers.isBehind(first))
    watchers.miss([a], first)
    watchers.stop(first)
    #expect(!watchers.isBehind(first))
  }

  @Test func `who missed too much is told how many are active`() throws {
    var watchers = Watchers()
    let added = watchers.watch(.everyone, by: first)
    watchers.miss(try (0..<2001).map { try name("u\($0)") }, first)
    let news = (0..<2).map { _ in watchers.nextMissed(first) }
    #expect(added && news == [.summary, nil])
    watchers.missSummary(first)
    let last = watchers.nextMissed(first)
    #expect(last == .summary)
  }
}

extension Watchers {
  /// For tests in which it does not matter whose connection it is.
  fileprivate mutating func watch(_ watched: Watched, by connection: Connection) -> Bool {
    AccountName("owner").map { watch(watched, by: connection, of: $0) } ?? false
  }
}
