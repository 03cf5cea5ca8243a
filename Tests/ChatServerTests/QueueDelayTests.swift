// Owns: when a delay counts as a load that will not go away.
// Must never: wait: the clock is an argument.
// Runs on: swift-testing.
import NIOCore
import Testing

@testable import ChatServer

@Suite struct QueueDelayTests {
  private func time(_ milliseconds: Int) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000_000) + .milliseconds(Int64(milliseconds))
  }

  private func note(_ delay: Int64, _ moment: Int, _ queue: inout QueueDelay) {
    queue.note(.milliseconds(delay), target: .milliseconds(100), at: time(moment))
  }

  @Test func `a burst is waited for, a load that stays is refused`() {
    var queue = QueueDelay()
    note(101, 0, &queue)
    note(3000, 70, &queue)
    #expect(!queue.isOverloaded(at: time(99)))
    note(110, 100, &queue)
    #expect(queue.isOverloaded(at: time(100)) && queue.isOverloaded(at: time(310)))
    #expect(!queue.isOverloaded(at: time(311)), "an old measurement says nothing")
  }

  @Test func `one that was in time ends a burst`() {
    var queue = QueueDelay()
    note(101, 0, &queue)
    note(100, 50, &queue)
    note(101, 99, &queue)
    #expect(!queue.isOverloaded(at: time(100)))
  }

  @Test func `measurements may be as far from each other as they take`() {
    var queue = QueueDelay()
    note(800, 1000, &queue)
    note(900, 1900, &queue)
    #expect(queue.isOverloaded(at: time(1900)) && queue.isOverloaded(at: time(2900)))
  }

  @Test func `hiccups far from each other are no load`() {
    var queue = QueueDelay()
    note(500, 0, &queue)
    note(500, 10_000, &queue)
    #expect(!queue.isOverloaded(at: time(10_000)))
    note(500, 10_500, &queue)
    #expect(queue.isOverloaded(at: time(10_500)))
  }

  @Test func `it is over when nothing has waited for half as long, an interval long`() {
    var queue = QueueDelay()
    note(101, 0, &queue)
    note(101, 100, &queue)
    note(50, 150, &queue)
    #expect(queue.isOverloaded(at: time(150)), "refusing has made it short")
    note(51, 180, &queue)
    #expect(queue.isOverloaded(at: time(331)))
    note(50, 332, &queue)
    #expect(!queue.isOverloaded(at: time(332)))
    note(60, 333, &queue)
    #expect(!queue.isOverloaded(at: time(333)), "it would have to be late again, and for long")
  }
}
