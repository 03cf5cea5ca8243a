// Owns: what a program that uses the client library notices of a real cluster: crashes, the end of a session, presence.
// Must never: look into the nodes or the client: it sends, receives, and compares.
// Runs on: swift-testing.
import ChatClient
import Synchronization
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct ClientLibraryTests {
  private func client(_ user: String, at node: ChatNode) async throws -> ChatClient {
    var settings = ChatClient.Settings()
    settings.reconnect = ReconnectPolicy(base: .milliseconds(50), cap: .milliseconds(500))
    let client = try await ChatClient.connect(host: "127.0.0.1", port: node.port, settings: settings)
    try await client.login(user: user, password: "pw")
    return client
  }

  private func countLosses(of client: ChatClient) -> Task<Int, Never> {
    Task {
      var count = 0
      for await state in client.states { if case .disconnected = state { count += 1 } }
      return count
    }
  }

  @Test func `nodes are killed under a sender and a receiver: nothing is lost, nothing is shown twice`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    var nodes = [try await ChatNode("a", redis: redis)]
    nodes.append(try await ChatNode("b", redis: redis, port: nodes[0].port))
    let (arini, lineker) = (try await client("arini", at: nodes[0]), try await client("lineker", at: nodes[0]))
    let losses = [countLosses(of: arini), countLosses(of: lineker)]

    let count = 3000
    let isSent = Mutex(false)
    let sender = Task {
      var repeated = 0
      for number in 1...count where try await lineker.send(to: "arini", text: "\(number)").wasRepeated { repeated += 1 }
      isSent.withLock { $0 = true }
      return repeated
    }
    let receiver = Task {
      var texts: [String] = []
      for try await message in arini.messages {
        if message.text == "end" { break }
        texts.append(message.text)
      }
      return texts
    }
    // One node at a time, until all is sent; at least six times.
    var kills = 0
    while kills < 6 || !isSent.withLock(\.self) {
      try await Task.sleep(for: .milliseconds(300))
      nodes.removeFirst().process.kill()
      kills += 1
      nodes.append(try await ChatNode("n\(kills)", redis: redis, port: nodes[0].port))
    }
    let repeated = try await sender.value
    try await lineker.send(to: "arini", text: "end")
    let texts = try await receiver.value
    #expect(texts == (1...count).map(String.init))

    // "end" is the only one from which the receiver has not gone on.
    await arini.close()
    try await lineker.send(to: "arini", text: "new")
    let again = try await client("arini", at: nodes[0])
    var messages = again.messages.makeAsyncIterator()
    #expect(try await messages.next()?.text == "end")
    #expect(try await messages.next()?.text == "new")
    await again.close()
    await lineker.close()
    var lost = 0
    for loss in losses { lost += await loss.value }
    #expect(lost >= 2, "the kills hit nobody")
    print("kills \(kills), connections lost \(lost), sends whose first reply was lost \(repeated)")
  }

  @Test func `a session that ends elsewhere ends here; another one can begin`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let arini = try await client("arini", at: a)
    let token = try await arini.login(user: "arini", password: "pw")
    var states = arini.states.makeAsyncIterator()
    let consumer = Task { for try await _ in arini.messages {} }
    #expect(try b.connect().request("logout \(token)").isOK)
    await #expect(
      performing: { try await consumer.value },
      throws: { error in
        if case ChatClientError.refused("invalid_session", _, _) = error { true } else { false }
      })
    while let state = await states.next(), state != .sessionEnded {}
    try await arini.login(user: "arini", password: "pw")
    #expect(try b.login("lineker").request("send arini again").isOK)
    var messages = arini.messages.makeAsyncIterator()
    #expect(try await messages.next()?.text == "again")
    try await arini.logout()
    await #expect(throws: ChatClientError.self) { try await arini.send(to: "lineker", text: "too late") }
    await arini.close()
  }

  @Test func `presence begins with who is there and tells who comes`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker", "messi")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let messi = try b.login("messi")
    let arini = try await client("arini", at: a)
    _ = await eventually { (try? await arini.activeUsers().names.contains("messi")) == true }
    try await arini.watch(["messi", "lineker"])
    var presence = arini.presence.makeAsyncIterator()
    #expect(try await presence.next() == .snapshot(.init(names: ["messi"], count: 1)))
    let lineker = try b.login("lineker")
    guard case .changed("lineker", true, _) = try await presence.next() else {
      Issue.record("lineker did not come")
      return
    }
    try messi.quit()
    try lineker.quit()
    await arini.close()
  }
}
