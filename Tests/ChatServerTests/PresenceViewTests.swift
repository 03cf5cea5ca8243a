// Owns: proof of the presence view: what it answers, and what it takes for a gap.
// Must never: need Redis.
// Runs on: any thread.
import ChatProtocol
import ChatState
import Testing

@testable import ChatServer

@Suite struct PresenceViewTests {
  private let own = NodeID("own-1")
  private let now = Timestamp(milliseconds: 5)
  private func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

  private func apply(_ text: String, to view: inout PresenceView) throws -> Bool {
    view.apply(try #require(PresenceAnnouncement(text)), at: now)
  }

  private func active(_ view: inout PresenceView) -> [String] { view.activeUsers(isStale: false).names }

  /// `+a -b`: became active, became inactive.
  private func changes(_ view: inout PresenceView) -> [String] {
    view.takeChanges().changes.filter { $0.wasActive != $0.isActive }
      .map { ($0.isActive ? "+" : "-") + $0.user.description }.sorted()
  }

  @Test func `announcements in their order are taken in, repeated ones change nothing, a gap is told`() throws {
    var view = PresenceView(own: own)
    #expect(try !apply("n-1 1 +a", to: &view), "a node that is not known must be read")
    #expect(active(&view) == [])
    view.replace(NodeID("n-1"), with: [try name("a"): .active], version: 3, at: now)
    #expect(try apply("n-1 3 -a", to: &view), "in what was read already")
    #expect(active(&view) == ["a"])
    #expect(try apply("n-1 4 +b -a", to: &view))
    #expect(try apply("n-1 4 +b -a", to: &view))
    #expect(active(&view) == ["b"])
    #expect(try !apply("n-1 6 +c", to: &view), "5 is missing")
    #expect(active(&view) == ["b"])
    view.replace(NodeID("n-1"), with: [try name("c"): .listening], version: 6, at: now)
    #expect(active(&view) == ["c"])
    #expect(try apply("n-1 7", to: &view))
    #expect(try apply("n-1 gone", to: &view))
    #expect(active(&view) == [] && view.others.isEmpty)
    #expect(try apply("n-1 gone", to: &view))
  }

  @Test func `a user on two nodes is active until the last of them`() throws {
    var view = PresenceView(own: own)
    let a = try name("a")
    view.replace(NodeID("n-1"), with: [a: .active], version: 0, at: now)
    view.replace(NodeID("m-1"), with: [a: .listening], version: 0, at: now)
    #expect(changes(&view) == ["+a"] && view.activeCount == 1)
    view.remove(NodeID("n-1"), at: now)
    #expect(view.isActive(a) && !view.hasChanges)
    #expect(try apply("m-1 1 -a", to: &view))
    #expect(!view.isActive(a) && changes(&view) == ["-a"])
  }

  @Test func `where somebody listens`() throws {
    var view = PresenceView(own: own)
    let a = try name("a")
    #expect(view.listeningNodes(of: a) == [])
    view.setOwn(a, .listening, at: now)
    view.replace(NodeID("n-1"), with: [a: .active], version: 0, at: now)
    #expect(view.listeningNodes(of: a) == [own])
    #expect(try apply("n-1 1 *a", to: &view))
    #expect(view.listeningNodes(of: a) == [own, NodeID("n-1")])
    view.rename(own: NodeID("own-2"))
    #expect(view.listeningNodes(of: a) == [NodeID("own-2"), NodeID("n-1")])
    view.setOwn(a, .active, at: now)
    #expect(view.listeningNodes(of: a) == [NodeID("n-1")])
    view.replace(NodeID("n-1"), with: [:], version: 2, at: now)
    #expect(view.listeningNodes(of: a) == [] && view.isActive(a))
  }

  @Test func `nobody else's word changes who is on this node`() throws {
    var view = PresenceView(own: own)
    let a = try name("a")
    view.setOwn(a, .active, at: now)
    #expect(try apply("own-1 1 -a", to: &view))
    #expect(try apply("own-1 gone", to: &view))
    view.replace(own, with: [:], version: 9, at: now)
    view.remove(own, at: now)
    #expect(view.isActive(a) && view.others.isEmpty)
    // Fenced, it goes on under another id; the end of the one before takes nobody away.
    view.rename(own: NodeID("own-2"))
    #expect(try apply("own-1 gone", to: &view))
    #expect(view.isActive(a) && view.own == NodeID("own-2") && view.others.isEmpty)
    view.setOwn(a, nil, at: now)
    #expect(!view.isActive(a))
  }

  @Test func `names are bounded and in order, the count is exact`() throws {
    var view = PresenceView(own: own)
    for text in ["c", "a", "b"] { view.setOwn(try name(text), .active, at: now) }
    #expect(active(&view) == ["a", "b", "c"])
    view.setOwn(try name("b"), nil, at: now)
    #expect(view.activeUsers(isStale: true) == ActiveUsers(names: ["a", "c"], count: 2, isStale: true))
    let some = view.activeUsers(among: [try name("c"), try name("b"), try name("a")], isStale: false)
    #expect(some == ActiveUsers(names: ["a", "c"], count: 2, isStale: false))
    for number in 0..<1500 { view.setOwn(try name("u\(number)"), .active, at: now) }
    let many = view.activeUsers(isStale: false)
    #expect(many.count == 1502 && many.names.count == 1000 && many.names == many.names.sorted())
    #expect(Set(many.names).count == 1000)
  }

  @Test func `reading a node again tells only what is different`() throws {
    var view = PresenceView(own: own)
    let (a, b, c) = (try name("a"), try name("b"), try name("c"))
    view.replace(NodeID("n-1"), with: [a: .active, b: .active], version: 1, at: now)
    _ = view.takeChanges()
    view.replace(NodeID("n-1"), with: [a: .listening, c: .active], version: 5, at: now)
    #expect(changes(&view) == ["+c", "-b"])
    view.replace(NodeID("n-1"), with: [a: .listening, c: .active], version: 5, at: now)
    #expect(!view.hasChanges)
  }

  @Test func `who went and came back between two looks has not changed`() throws {
    var view = PresenceView(own: own)
    let a = try name("a")
    view.setOwn(a, .active, at: now)
    #expect(changes(&view) == ["+a"])
    view.setOwn(a, nil, at: now)
    view.setOwn(a, .listening, at: now)
    #expect(changes(&view) == [])
    #expect(!view.hasChanges)
  }
}
