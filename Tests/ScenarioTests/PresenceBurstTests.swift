// Owns: that a storm of logins stays a trickle of news.
// Must never: hold 5,000 connections: a login counts for the grace after its connection, so 50 carry them all.
// Runs on: swift-testing, and threads for the logins and the channel.
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct PresenceBurstTests {
  /// A subscriber of `kabar:presence` that notes when each message came.
  private final class Channel: Sendable {
    struct Message {
      let node: String
      /// `+u1 -u2`
      let changes: [Substring]
      let time: ContinuousClock.Instant
    }
    private let list = Mutex<[Message]>([])
    var messages: [Message] { list.withLock { $0 } }

    init(_ redis: RedisServer) throws {
      let socket = try TCPSocket(port: redis.port)
      try socket.write("SUBSCRIBE kabar:presence\r\n".utf8)
      let reading = Unchecked(socket)
      Thread.detachNewThread { [weak self] in
        var text = ""
        while let bytes = try? reading.value.read(), !bytes.isEmpty {
          text += String(decoding: bytes, as: UTF8.self)
          while let end = text.range(of: "\r\n") {
            let words = text[..<end.lowerBound].split(separator: " ")
            if words.count > 2, Int(words[1]) != nil {
              let message = Message(
                node: String(words[0]), changes: words.dropFirst(2).map { Substring(String($0)) }, time: .now)
              guard let self else { return }
              self.list.withLock { $0.append(message) }
            }
            text.removeSubrange(..<end.upperBound)
          }
        }
      }
    }
  }

  /// One thread after another uses it.
  private struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  /// Logs all users in, half on each node, over 50 connections side by side.
  private func logIn(_ users: [String], on nodes: [ChatNode]) async throws {
    let failures = Mutex<[String]>([])
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      DispatchQueue.global().async {
        DispatchQueue.concurrentPerform(iterations: 50) { lane in
          do {
            let client = try nodes[lane % nodes.count].connect()
            for index in stride(from: lane, to: users.count, by: 50) {
              let reply = try client.request("auth \(users[index]) pw")
              if !reply.isOK { failures.withLock { $0.append(reply.description) } }
            }
          } catch { failures.withLock { $0.append("\(error)") } }
        }
        done.resume()
      }
    }
    let all = failures.withLock { $0 }
    #expect(all.isEmpty, "\(all.prefix(3))")
  }

  /// When batches began; a message that goes on with a full one belongs to its batch.
  private func batches(_ messages: [Channel.Message]) -> [ContinuousClock.Instant] {
    var starts: [ContinuousClock.Instant] = []
    var wasFull = false
    for message in messages {
      if !wasFull { starts.append(message.time) }
      wasFull = message.changes.count == 500
    }
    return starts
  }

  /// More than one, and one a second: a busy machine may bring two of them closer together, but not more of them.
  private func expectOneASecond(_ starts: [ContinuousClock.Instant]) throws {
    let span = (try #require(starts.last) - (try #require(starts.first))) / .seconds(1)
    #expect(starts.count > 1 && Double(starts.count) <= span + 2, "\(starts.count) in \(span) s")
  }

  @Test func `5,000 logins are at most one batch of announcements a second for each node`() async throws {
    let redis = try await RedisServer()
    let users = (0..<5000).map { "u\($0)" }
    try await redis.addAccounts(users + ["arini"])
    let nodes = [
      try await ChatNode("a", redis: redis, options: ["--presence-grace", "120", "--limits", "off"]),
      try await ChatNode("b", redis: redis, options: ["--presence-grace", "120", "--limits", "off"]),
    ]
    let channel = try Channel(redis)
    let arini = try Observer("arini", on: nodes[0])
    #expect(try arini.watch("*").isOK)
    let watching = Unchecked(arini)
    let isOver = Mutex(false)
    async let watched: Void = {
      while !isOver.withLock({ $0 }) { _ = try await watching.value.events(during: 0.5) }
    }()
    try await logIn(users, on: nodes)
    let allAnnounced = await eventually(within: 10) {
      Set(channel.messages.flatMap(\.changes)).isSuperset(of: users.map { "+\($0)" })
    }
    #expect(allAnnounced)
    try await Task.sleep(for: .milliseconds(2500))
    isOver.withLock { $0 = true }
    try await watched
    #expect(try arini.request("user_aktif").description.contains("\"count\":5001"))

    let messages = channel.messages
    #expect(messages.allSatisfy { $0.changes.count <= 500 })
    #expect(messages.flatMap(\.changes).filter { $0 != "*arini" }.count <= 5001, "nobody is announced twice")
    for name in ["a-", "b-"] {
      let ofNode = messages.filter { $0.node.hasPrefix(name) }
      try expectOneASecond(batches(ofNode))
    }
    #expect(arini.told.contains { $0.hasPrefix("summary") } || arini.told.count == 5000)
  }

  @Test func `whoever watches is told of a stream of logins once a second`() async throws {
    let redis = try await RedisServer()
    let users = (0..<50).map { "u\($0)" }
    try await redis.addAccounts(users + ["arini"])
    let node = try await ChatNode("a", redis: redis)
    let arini = try Observer("arini", on: node)
    #expect(try arini.watch("*").isOK)
    _ = try await arini.events(during: 1.2)
    var clients: [LineClient] = []
    for user in users {
      clients.append(try node.login(user))
      _ = try await arini.events(during: 0.08)
    }
    _ = try await arini.events(during: 1.5)
    #expect(arini.told.filter { $0.hasPrefix("+u") }.count == 50)
    // The events of a batch leave in one write, and arrive together.
    let pairs = zip(arini.times, arini.times.dropFirst())
    try expectOneASecond([try #require(arini.times.first)] + pairs.filter { $1 - $0 > .milliseconds(30) }.map(\.1))
  }
}
