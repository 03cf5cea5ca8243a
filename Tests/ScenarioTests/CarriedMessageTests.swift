// Owns: what becomes of messages that a notice carries to another node, when notices, lists, nodes and clients fail.
// Must never: take a notice for the truth: what the inbox holds is.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct CarriedMessageTests {
  private let inbox = "kabar:{u:arini}:inbox"

  /// Two nodes; arini listens on the first, lineker has logged in on the second, which knows where she listens.
  private struct Pair {
    let redis: RedisServer
    let a, b: ChatNode
    let arini, lineker: LineClient
    /// What the first node is told.
    let channel: TestProcess

    init(_ options: [String] = []) async throws {
      let redis = try await RedisServer()
      try await redis.addAccounts("arini", "lineker")
      let a = try await ChatNode("a", redis: redis, options: options)
      let b = try await ChatNode("b", redis: redis, options: options)
      let arini = try a.login("arini")
      let lineker = try b.login("lineker")
      guard try arini.request("listen").isOK else { throw TestFailure("arini can't listen") }
      channel = try await redis.subscriber(to: redis.cli("PUBSUB", "CHANNELS", "kabar:node:a-*"))
      (self.redis, self.a, self.b, self.arini, self.lineker) = (redis, a, b, arini, lineker)
      // The first messages may find a node that has not heard of the listener, or knows nothing of the inbox.
      var number = 0
      let channel = channel
      let isCarried = try await eventually {
        number += 1
        _ = try lineker.request("send arini warm \(number)")
        _ = try arini.reply()
        guard try arini.request("ack \(number)").isOK else { throw TestFailure("no ack") }
        return channel.text.contains("mail arini =\(number) ")
      }
      guard isCarried else { throw TestFailure("no notice carries a message: \(channel.text)") }
    }

    /// The next message that arini gets; replies are left out.
    func next() async throws -> Reply {
      while true {
        let reply = try await arini.awaitReply()
        if reply.event == "message" { return reply }
      }
    }

    func left() throws -> Int { try (Int(redis.cli("LLEN", "kabar:{u:arini}:inbox")) ?? 0) - 1 }
  }

  @Test func `what is carried is what is stored, with its number, and can be confirmed`() async throws {
    let pair = try await Pair()
    let sent = try pair.lineker.request("send arini é \"x\" =3 mail")
    let event = try await pair.next()
    #expect(event["msg"] == "é \"x\" =3 mail" && event["id"] == sent["id"] && event["from"] == "lineker")
    #expect(event["msg_from"] == "Display lineker" && !event.has("redelivered"))
    let sequence = try #require(event.sequence)
    let carried = try pair.redis.cli("LINDEX", inbox, "-1")
    #expect(pair.channel.text.contains("mail arini =\(sequence) \(carried)\n"))
    #expect(try pair.arini.request("ack \(sequence)").isOK)
    #expect(try pair.left() == 0)
  }

  @Test func `many at once come once each and in order, however they are told`() async throws {
    let pair = try await Pair(["--limits", "off"])
    let others = try (0..<3).map { _ in try pair.b.login("lineker") }
    for round in 0..<40 {
      // Alone, then in bursts, some with a tag: each another way to the listener.
      _ = try pair.lineker.request("send arini 0 \(round)")
      for (number, other) in others.enumerated() {
        let tag = number == 2 ? "@id=t\(round) " : ""
        let send = "send arini \(number + 1) \(round)"
        try other.socket.write("\(tag)\(send)a\r\n\(send)b\r\n".utf8)
      }
    }
    var numbers: [Int] = []
    var texts: [String] = []
    while texts.count < 40 * 7 {
      let event = try await pair.next()
      numbers.append(event.sequence ?? 0)
      texts.append(event["msg"] ?? "?")
      // By then the inbox is empty now and then.
      if texts.count % 3 == 0 { try pair.arini.send("ack \(numbers.last ?? 0)") }
    }
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
    for sender in 0..<4 {
      let expected = (0..<40).flatMap { sender == 0 ? ["0 \($0)"] : ["\(sender) \($0)a", "\(sender) \($0)b"] }
      #expect(texts.filter { $0.hasPrefix("\(sender) ") } == expected)
    }
  }

  /// Lies on the channel: the next number, a gap, a number from the past with another message, what is no number.
  @Test(arguments: [1, 7, 0, -4, nil])
  func `a notice that is wrong hides no message`(distance: Int?) async throws {
    let pair = try await Pair()
    _ = try pair.lineker.request("send arini one")
    let last = try #require(try await pair.next().sequence)
    #expect(try pair.arini.request("ack \(last)").isOK)
    try await Task.sleep(for: .seconds(1.5))  // beyond the first looks of a new listener
    let channel = try pair.redis.cli("PUBSUB", "CHANNELS", "kabar:node:a-*")
    let number = distance.map { "\(last + $0)" } ?? "x"
    let heard = try pair.redis.cli("PUBLISH", channel, #"mail arini =\#(number) {"from":"eve","msg":"lie"}"#)
    #expect(heard == "2", "the node and the test")
    let begin = ContinuousClock.now
    _ = try pair.lineker.request("send arini two")
    var event = try await pair.next()
    if event["msg"] == "lie" { event = try await pair.next() }
    #expect(event["msg"] == "two" && event.sequence == last + 1)
    #expect(ContinuousClock.now - begin < .seconds(2.5), "a look of the feed by itself would be later")
  }

  @Test func `a list that was replaced under the listener is sent from its beginning`() async throws {
    let pair = try await Pair()
    _ = try pair.lineker.request("send arini old")
    let last = try #require(try await pair.next().sequence)
    // As from a backup, with as many messages as it had, so that the next number is the one that the node expects.
    let records = (1...last).map { #"{"from":"messi","msg":"restored \#($0)","id":"r\#($0)"}"# }
    #expect(try pair.redis.cli("DEL", inbox) == "1")
    #expect(try pair.redis.cli(["RPUSH", inbox, "0"] + records) == "\(last + 1)")
    _ = try pair.lineker.request("send arini new")
    for number in 1...last { #expect(try await pair.next()["msg"] == "restored \(number)") }
    #expect(try await pair.next()["msg"] == "new")
  }

  /// Redis is told that it is shown before the client gets it.
  @Test func `what was carried and not confirmed when the node died comes again, marked`() async throws {
    let pair = try await Pair()
    _ = try pair.lineker.request("send arini before")
    _ = try await pair.next()
    pair.a.process.kill()
    _ = try pair.lineker.request("send arini after")
    let again = try pair.b.login("arini")
    #expect(try again.request("listen").isOK)
    var events: [Reply] = []
    while events.count < 2 { events.append(try await again.awaitReply()) }
    #expect(events.map { $0["msg"] } == ["before", "after"])
    #expect(events.map { $0.has("redelivered") } == [true, false])
  }
}
