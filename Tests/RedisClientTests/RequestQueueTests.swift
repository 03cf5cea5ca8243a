// Owns: proof of the order, the bounds and the deadlines of the request queue.
// Must never: wait; time is an argument.
// Runs on: any thread.
import NIOCore
import Testing

@testable import RedisClient

/// A queue that expectations may change: their macro can't call what mutates a value.
private final class SharedQueue {
  private var queue: RequestQueue<String>

  init(_ queue: RequestQueue<String>) { self.queue = queue }

  var isEmpty: Bool { queue.isEmpty }
  var waiting: Int { queue.waiting }
  var count: Int { queue.count }
  func add(_ command: RedisCommand, deadline: NIODeadline, _ name: String) -> Bool {
    queue.add(command, deadline: deadline, name)
  }
  func write(to buffer: inout ByteBuffer, now: NIODeadline) { _ = queue.write(to: &buffer, now: now) }
  func answered() -> RequestQueue<String>.Request? { queue.nextAnswered() }
  func expire(now: NIODeadline, replyTimeout: TimeAmount) -> RequestQueue<String>.Expiry {
    queue.expire(now: now, replyTimeout: replyTimeout)
  }
  func connectionLost() -> [String] { queue.connectionLost(repeating: true) }
  func removeWaiting() -> [String] { queue.removeWaiting() }
}

@Suite struct RequestQueueTests {
  /// 14 bytes on the wire.
  private let ping = RedisCommand("PING").appending(.never)

  private func queue(requests: Int = 100, bytes: Int = 10_000) -> SharedQueue {
    SharedQueue(RequestQueue(limits: .init(requests: requests, bytes: bytes)))
  }

  private func time(_ milliseconds: UInt64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000 + milliseconds * 1_000_000)
  }

  @Test func `writes and answers in order`() {
    let queue = queue()
    var buffer = ByteBuffer()
    #expect(queue.isEmpty)
    for name in ["a", "b"] { #expect(queue.add(RedisCommand("GET", .text(name)), deadline: time(9), name)) }
    #expect(queue.answered() == nil)  // nothing is written yet
    queue.write(to: &buffer, now: time(0))
    #expect(queue.waiting == 0)
    #expect(queue.add(RedisCommand("GET", "c"), deadline: time(8), "c"))
    #expect(queue.count == 3)
    #expect(String(buffer: buffer) == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
    #expect(queue.answered()?.completion == "a")
    buffer.clear()
    queue.write(to: &buffer, now: time(1))
    #expect(String(buffer: buffer) == "*2\r\n$3\r\nGET\r\n$1\r\nc\r\n")
    #expect(queue.answered()?.completion == "b")
    let last = queue.answered()
    #expect(last?.completion == "c")
    #expect(last?.deadline == time(8))
    #expect(last?.command.encoded == Array(buffer.readableBytesView))
    #expect(queue.answered() == nil)
    #expect(queue.isEmpty)
  }

  @Test(arguments: [(3, 10_000), (100, 3 * 14)])
  func `refuses what is beyond its bound until there is room`(requests: Int, bytes: Int) {
    let queue = queue(requests: requests, bytes: bytes)
    var buffer = ByteBuffer()
    #expect(queue.add(ping, deadline: time(10), "1"))
    queue.write(to: &buffer, now: time(0))
    #expect(queue.add(ping, deadline: time(10), "2"))
    #expect(queue.add(ping, deadline: time(10), "3"))
    #expect(!queue.add(ping, deadline: time(10), "4"))
    #expect(queue.count == 3)
    _ = queue.answered()
    #expect(queue.add(ping, deadline: time(10), "5"))
    #expect(!queue.add(ping, deadline: time(10), "6"))
    queue.write(to: &buffer, now: time(1))
    #expect((1...3).map { _ in queue.answered()?.completion } == ["2", "3", "5"])
  }

  @Test(arguments: ["expire", "connectionLost", "removeWaiting"])
  func `gives the room of what is taken out back`(how: String) {
    let queue = queue(requests: 2, bytes: 2 * 14)
    var buffer = ByteBuffer()
    for _ in 0..<5 {
      #expect(queue.add(ping, deadline: time(10), "a"))
      #expect(queue.add(ping, deadline: time(10), "b"))
      #expect(!queue.add(ping, deadline: time(10), "c"))
      switch how {
      case "expire": #expect(queue.expire(now: time(10), replyTimeout: .seconds(1)).timedOut.count == 2)
      case "connectionLost":
        queue.write(to: &buffer, now: time(0))
        #expect(queue.connectionLost() == ["a", "b"])
      default: #expect(queue.removeWaiting() == ["a", "b"])
      }
      #expect(queue.isEmpty)
    }
  }

  @Test func `expiry keeps the slots of written requests and takes waiting ones out`() {
    let queue = queue(requests: 4)
    var buffer = ByteBuffer()
    #expect(queue.add(ping, deadline: time(10), "written, late"))
    #expect(queue.add(ping, deadline: time(20), "written, in time"))
    queue.write(to: &buffer, now: time(0))
    #expect(queue.add(ping, deadline: time(10), "waiting, late"))
    #expect(queue.add(ping, deadline: time(20), "waiting, in time"))

    #expect(queue.expire(now: time(9), replyTimeout: .seconds(1)).timedOut.isEmpty)
    let expiry = queue.expire(now: time(10), replyTimeout: .seconds(1))
    #expect(expiry.timedOut.map(\.completion) == ["written, late", "waiting, late"])
    #expect(expiry.timedOut.map(\.written) == [true, false])
    #expect(!expiry.isStalled)
    #expect(queue.expire(now: time(11), replyTimeout: .seconds(1)).timedOut.isEmpty)  // once

    #expect(queue.count == 3)
    buffer.clear()
    queue.write(to: &buffer, now: time(11))
    #expect(buffer.readableBytes == 14)
    let late = queue.answered()
    #expect(late != nil)
    #expect(late?.completion == nil)
    #expect(queue.answered()?.completion == "written, in time")
    #expect(queue.answered()?.completion == "waiting, in time")
  }

  @Test func `is stalled when the oldest reply is overdue, by the time of its writing`() {
    let queue = queue()
    var buffer = ByteBuffer()
    #expect(queue.add(ping, deadline: time(5), "a"))
    #expect(!queue.expire(now: time(4), replyTimeout: .milliseconds(1)).isStalled)  // only waits
    queue.write(to: &buffer, now: time(4))
    #expect(queue.add(ping, deadline: time(500), "b"))
    queue.write(to: &buffer, now: time(50))
    #expect(!queue.expire(now: time(103), replyTimeout: .milliseconds(100)).isStalled)
    #expect(queue.expire(now: time(104), replyTimeout: .milliseconds(100)).isStalled)
    _ = queue.answered()
    #expect(!queue.expire(now: time(149), replyTimeout: .milliseconds(100)).isStalled)
    #expect(queue.expire(now: time(150), replyTimeout: .milliseconds(100)).isStalled)
  }

  @Test func `a drop takes the written ones, without those that were told already`() {
    let queue = queue()
    var buffer = ByteBuffer()
    for (name, deadline) in [("late", 1), ("a", 10), ("b", 10)] as [(String, UInt64)] {
      #expect(queue.add(ping, deadline: time(deadline), name))
    }
    queue.write(to: &buffer, now: time(0))
    #expect(queue.add(ping, deadline: time(10), "waiting"))
    _ = queue.expire(now: time(1), replyTimeout: .seconds(1))
    #expect(queue.connectionLost() == ["a", "b"])
    #expect(queue.connectionLost().isEmpty)
    #expect(queue.waiting > 0)
    #expect(queue.removeWaiting() == ["waiting"])
    #expect(queue.isEmpty)
  }

  @Test func `after a drop what may be repeated waits again, in its order and before what waited already`() {
    let queue = queue()
    var buffer = ByteBuffer()
    let always = RedisCommand("GET", "a")
    let once = RedisCommand("SET", "a", "b").appending(.afterLoss)
    #expect(queue.add(always, deadline: time(10), "first"))
    #expect(queue.add(ping, deadline: time(10), "plain"))
    #expect(queue.add(once, deadline: time(10), "tagged"))
    queue.write(to: &buffer, now: time(0))
    #expect(queue.add(always, deadline: time(10), "new"))
    #expect(queue.connectionLost() == ["plain"])
    buffer.clear()
    queue.write(to: &buffer, now: time(1))
    #expect(["first", "tagged", "new"].allSatisfy { queue.answered()?.completion == $0 })
    #expect(queue.isEmpty)
  }

  @Test func `what was written once and then times out while it waits may have been carried out`() {
    let queue = queue()
    var buffer = ByteBuffer()
    #expect(queue.add(RedisCommand("SET", "a", "b").appending(.afterLoss), deadline: time(10), "tagged"))
    queue.write(to: &buffer, now: time(0))
    #expect(queue.connectionLost().isEmpty)
    let expiry = queue.expire(now: time(11), replyTimeout: .seconds(1))
    #expect(expiry.timedOut.map(\.completion) == ["tagged"] && expiry.timedOut.map(\.written) == [true])
  }
}
