// Owns: who is woken by a notice of mail.
// Must never: start an event loop.
// Runs on: swift-testing.
import ChatProtocol
import Testing

@testable import ChatServer

@Suite struct FeedLoopsTests {
  @Test func `a notice goes to the loops with feeds of its users, and to no other`() throws {
    let (arini, messi) = (try #require(AccountName("arini")), try #require(AccountName("messi")))
    let loops = FeedLoops()
    #expect(loops.feeds(of: [arini, messi]).isEmpty)
    loops.add(arini, on: 0)
    loops.add(arini, on: 2)
    loops.add(messi, on: 2)
    #expect(loops.feeds(of: [arini, messi]) == [0: [arini], 2: [arini, messi]])
    #expect(loops.feeds(of: [messi]) == [2: [messi]])
    loops.remove(arini, from: 2)
    loops.remove(messi, from: 2)
    loops.remove(messi, from: 1)
    #expect(loops.feeds(of: [arini, messi]) == [0: [arini]])
  }
}
