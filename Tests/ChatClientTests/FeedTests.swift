// Owns: proof that a waiting consumer always wakes, once, and loses nothing when it is cancelled.
// Must never: open a socket.
// Runs on: the test's task.
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct FeedTests {
  private struct Numbers: FeedBuffer {
    var numbers: [Int] = []
    mutating func popFirst() -> Int? { numbers.isEmpty ? nil : numbers.removeFirst() }
  }

  @Test func whatArrivesWhileSomebodyWaitsIsHandedOver() async throws {
    let feed = Feed(Numbers())
    let count = 10_000
    async let sum = {
      var sum = 0
      for _ in 0..<count { sum += try await feed.next() ?? 0 }
      return sum
    }()
    for number in 1...count {
      feed.update { $0.numbers.append(number) }
      if number % 100 == 0 { await Task.yield() }
    }
    #expect(try await sum == count * (count + 1) / 2)
  }

  @Test func aCancelledConsumerLosesNothing() async throws {
    let feed = Feed(Numbers())
    let consumer = Task { try await feed.next() }
    try await Task.sleep(for: .milliseconds(20))
    consumer.cancel()
    #expect(try await consumer.value == nil)
    feed.update { $0.numbers.append(7) }
    #expect(try await feed.next() == 7)
  }

  @Test func aFailureComesBehindWhatIsBufferedAndOnce() async throws {
    let feed = Feed(Numbers(numbers: [1]))
    feed.fail(.timedOut)
    #expect(try await feed.next() == 1)
    await #expect(throws: ChatClientError.timedOut) { try await feed.next() }
    feed.fail(.timedOut)
    feed.recover()
    feed.update { $0.numbers.append(2) }
    #expect(try await feed.next() == 2)
    let waiting = Task { try await feed.next() }
    feed.finish()
    #expect(try await waiting.value == nil)
    feed.update { $0.numbers.append(3) }
    #expect(try await feed.next() == nil)
  }

  @Test func aSignalIsNotMissedBetweenLookingAndWaiting() async {
    let signal = Signal()
    let version = signal.version
    signal.raise()
    await signal.wait(since: version)
    let start = ContinuousClock.now
    await signal.wait(since: signal.version, until: start + .milliseconds(50))
    #expect(ContinuousClock.now - start >= .milliseconds(50))
  }

  @Test func anAnswerCountsOnce() async {
    let pending = Pending<Int>()
    #expect(pending.answer(1))
    #expect(!pending.answer(2))
    #expect(await pending.value(cancelled: 0) == 1)
    let waiter = Task { await Pending<Int>().value(cancelled: 3) }
    waiter.cancel()
    #expect(await waiter.value == 3)
  }
}
