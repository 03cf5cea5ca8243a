// Owns: proof of the order, the bounds and the deadlines of the request queue.
// Must never: wait; time is an argument.
// Runs on: any thread.
import NIOCore
import Testing

@testable import RedisClient

/// A queue whose completions have names, and that expectations may change: their macro can't call what mutates a value.
private final class SharedQueue {
  /// A request that was taken out: the name of its completion is `nil` if it had been told already.
  struct Answered {
    let completion: String?
    let request: RequestQueue.Request
  }

  private var queue: RequestQueue
  /// Whose completion was called last.
  private var called: String?

  init(_ queue: RequestQueue) { self.queue = queue }

  var isEmpty: Bool { queue.isEmpty }
  var waiting: Int { queue.waiting }
  var count: Int { queue.count }
  func add(_ command: RedisCommand, deadline: NIODeadline, _ name: String) -> Bool {
    queue.add(command, deadline: deadline) { _ in self.called = name }
  }
  /// Adds an append with these bytes on the wire.
  func addAppend(_ text: String, deadline: NIODeadline, _ name: String) -> Bool {
    queue.addAppend(deadline: deadline, { _ in self.called = name }, encode: { $0 += Array(text.utf8) })
  }
  @discardableResult
  func write(to buffer: inout ByteBuffer, now: NIODeadline) -> Bool { queue.write(to: &buffer, now: now) }
  /// What a write brings now.
  func written(now: NIODeadline) -> String {
    var buffer = ByteBuffer()
    write(to: &buffer, now: now)
    return String(buffer: buffer)
  }
  func answered() -> Answered? {
    queue.nextAnswered().map { Answered(completion: $0.completion.map(name), request: $0) }
  }
  func expire(
    now: NIODeadline, replyTimeout: TimeAmount
  ) -> (timedOut: [(completion: String, written: Bool)], isStalled: Bool) {
    let expiry = queue.expire(now: now, replyTimeout: replyTimeout)
    return (expiry.timedOut.map { (name(of: $0.completion), $0.written) }, expiry.isStalled)
  }
  func connectionLost() -> [String] { queue.connectionLost(repeating: true).map(name) }
  func removeWaiting() -> [String] { queue.removeWaiting().map(name) }

  private func name(of completion: RedisClient.Completion) -> String {
    called = nil
    completion(.failure(.closed))
    return called ?? ""
  }
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
    #expect(last?.request.deadline == time(8))
    #expect(last?.request.command?.encoded == Array(buffer.readableBytesView))
    #expect(queue.answered() == nil)
    #expect(queue.isEmpty)
  }

  @Test func `keeps the command of what may go once more, and of nothing else`() {
    let queue = queue()
    let script = RedisScript(Array("return 1".utf8))
    let commands: [(RedisCommand, isKept: Bool)] = [
      (ping, false), (RedisCommand("GET", "a"), true), (RedisCommand("SET", "a", "b").appending(.afterLoss), true),
      (RedisCommand(script, keys: []).repeated(.never), true),
    ]
    for (command, isKept) in commands {
      #expect(queue.add(command, deadline: time(10), "a"))
      #expect(queue.written(now: time(0)) == String(decoding: command.encoded, as: UTF8.self))
      #expect((queue.answered()?.request.command != nil) == isKept)
    }
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
    let encoded = [always, once, always].flatMap(\.encoded)
    #expect(queue.written(now: time(1)) == String(decoding: encoded, as: UTF8.self))
    #expect(["first", "tagged", "new"].allSatisfy { queue.answered()?.completion == $0 })
    #expect(queue.isEmpty)
  }

  @Test func `appends stand among the others, and are never written twice`() {
    let queue = queue()
    let get = RedisCommand("GET", "a")
    let encoded = String(decoding: get.encoded, as: UTF8.self)
    #expect(queue.addAppend("append 1;", deadline: time(10), "1"))
    #expect(queue.add(get, deadline: time(10), "get"))
    #expect(queue.addAppend("append 2;", deadline: time(10), "2"))
    #expect(queue.written(now: time(0)) == "append 1;" + encoded + "append 2;")
    #expect(queue.addAppend("append 3;", deadline: time(10), "3"))
    #expect(queue.answered()?.completion == "1")
    #expect(queue.connectionLost() == ["2"])
    #expect(queue.written(now: time(1)) == encoded + "append 3;")
    #expect(["get", "3"].allSatisfy { queue.answered()?.completion == $0 })
    #expect(queue.isEmpty)
  }

  @Test func `says whether an append leaves`() {
    let queue = queue()
    var buffer = ByteBuffer()
    for (isAppend, name) in [(false, "get"), (true, "append"), (false, "get")] {
      let isAdded =
        isAppend
        ? queue.addAppend("x", deadline: time(10), name) : queue.add(RedisCommand("GET", "a"), deadline: time(10), name)
      #expect(isAdded)
      #expect(queue.write(to: &buffer, now: time(0)) == isAppend)
      #expect(queue.answered()?.request.isAppend == isAppend)
    }
    #expect(queue.add(ping, deadline: time(10), "marked"))
    #expect(queue.write(to: &buffer, now: time(0)))
  }

  @Test func `what times out while it waits takes its bytes along, and no other's`() {
    let queue = queue()
    for (name, deadline) in [("a", 10), ("b", 20), ("c", 10), ("d", 20)] as [(String, UInt64)] {
      #expect(queue.addAppend("append \(name);", deadline: time(deadline), name))
    }
    #expect(queue.expire(now: time(10), replyTimeout: .seconds(1)).timedOut.map(\.completion) == ["a", "c"])
    #expect(queue.written(now: time(11)) == "append b;append d;")
    #expect(["b", "d"].allSatisfy { queue.answered()?.completion == $0 })
  }

  @Test func `an append beyond the bounds leaves nothing behind`() {
    for (requests, bytes) in [(2, 100), (100, 15)] {
      let queue = queue(requests: requests, bytes: bytes)
      #expect(queue.addAppend("12345;", deadline: time(10), "1"))
      #expect(queue.addAppend("67890;", deadline: time(10), "2"))
      #expect(!queue.addAppend("abcde;", deadline: time(10), "3"))
      #expect(queue.count == 2)
      #expect(queue.written(now: time(0)) == "12345;67890;")
      _ = queue.answered()
      #expect(queue.addAppend("abcde;", deadline: time(10), "3"))
      #expect(queue.written(now: time(0)) == "abcde;")
      #expect(queue.addAppend("x", deadline: time(10), "4") == (requests == 100))
      #expect(queue.removeWaiting() == (requests == 100 ? ["4"] : []))
    }
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
