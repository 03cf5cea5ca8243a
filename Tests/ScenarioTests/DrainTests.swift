// Owns: what the clients of a node notice that is told to stop, and what its operator does.
// Must never: look into the node: it reads replies, events, exit statuses and Redis.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct DrainTests {
  /// Two nodes on one port; only `a` has clients: `b` joins when they are there.
  private func cluster(
    drainTime: Int, _ users: String..., login: (ChatNode) throws -> [LineClient]
  ) async throws -> (redis: RedisServer, a: ChatNode, b: ChatNode, clients: [LineClient]) {
    let redis = try await RedisServer()
    try await redis.addAccounts(users)
    let a = try await ChatNode("a", redis: redis, options: ["--drain-time", "\(drainTime)"])
    let clients = try login(a)
    // `a` will not have heard of `b` when it is told to stop: that it is there Redis knows.
    let b = try await ChatNode("b", redis: redis, port: a.port)
    return (redis, a, b, clients)
  }

  @Test func `a listener is told when to go, goes, and the node ends`() async throws {
    let (redis, a, b, clients) = try await cluster(drainTime: 60, "arini", "lineker") { node in
      let clients = [try node.login("arini"), try node.login("lineker")]
      #expect(try clients[0].request("listen").isOK)
      return clients
    }
    let arini = clients[0]
    a.process.signal(SIGTERM)
    let event = try await arini.awaitReply()
    #expect(event.event == "drain")
    // 60 s: the time is spread over the first 42 of them.
    let pause = try JSONDecoder().decode(Drain.self, from: Data(event.description.utf8)).pause
    #expect((0...42_000).contains(pause))
    // Until they go all is as before, but who comes now comes to the other node.
    #expect(try clients[1].request("send arini halo").isOK)
    #expect(try await arini.awaitReply().event == "message")
    let later = try (0..<10).map { _ in try LineClient(port: a.port) }
    for client in later { #expect(try client.request("auth lineker pw").isOK) }
    let nodes = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n")
    let there = try #require(nodes.first { $0.hasPrefix("b-") })
    let onB = try await eventually { try redis.cli("HGET", "kabar:node:\(there):users", "lineker").hasPrefix("10") }
    #expect(onB)
    #expect(a.process.isRunning)

    for client in clients + later { client.socket.close() }
    #expect(await eventually { !a.process.isRunning }, "\(a.log)")
    #expect(a.process.waitUntilExit() == 0)
    // No ghost: nobody stays active for a grace that nobody keeps any more.
    #expect(try b.login("lineker").request("user_aktif").users == ["lineker"])
  }

  @Test func `who does not go is sent away in time, after what she has asked is answered`() async throws {
    let (_, a, b, clients) = try await cluster(drainTime: 2, "arini", "lineker") { node in
      try ["arini", "arini", "lineker", "lineker"].map { try node.login($0) }
    }
    #expect(try clients[0].request("listen").isOK)
    let begin = ContinuousClock.now
    a.process.signal(SIGTERM)
    var acknowledged: [String] = []
    var tries = 0
    // A client of the course, which knows no event, asks on and on.
    while let reply = try? clients[2].request("send arini \(tries)") {
      if reply.isOK { acknowledged.append("\(tries)") }
      tries += 1
      usleep(2000)
    }
    #expect(a.process.waitUntilExit() == 0)
    #expect(begin.duration(to: .now) < .seconds(6))
    #expect(acknowledged.count > 1)
    let inbox = try b.login("arini").request("inbox").texts(from: "lineker")
    #expect(inbox == acknowledged)
    for idle in [clients[1], clients[3]] { #expect(try idle.isClosedByServer()) }
  }

  @Test(arguments: [[SIGINT], [SIGTERM, SIGTERM], [SIGTERM, SIGINT]])
  func `SIGINT or a second signal ends it at once`(signals: [Int32]) async throws {
    let (_, a, _, clients) = try await cluster(drainTime: 60, "arini") { [try $0.login("arini")] }
    let begin = ContinuousClock.now
    for signal in signals {
      a.process.signal(signal)
      // Two of the same kind at once are one.
      if signals.count > 1 { #expect(await eventually { a.log.contains("msg=draining") }, "\(a.log)") }
    }
    #expect(a.process.waitUntilExit() == 0)
    #expect(begin.duration(to: .now) < .seconds(10))
    #expect(try clients[0].isClosedByServer())
  }

  @Test func `/readyz says that it stops, /livez that it lives`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let http = try TCPSocket.freePort()
    let a = try await ChatNode("a", redis: redis, options: ["--drain-time", "60", "--http-port", "\(http)"])
    let b = try await ChatNode("b", redis: redis)
    let arini = try a.login("arini")
    a.process.signal(SIGTERM)
    #expect(await eventually { (try? HTTPAnswer(port: http, "/readyz").status) == 503 })
    #expect(try HTTPAnswer(port: http, "/readyz").body == "the node is stopping\n")
    #expect(try HTTPAnswer(port: http, "/livez").status == 200)
    try arini.quit()
    #expect(a.process.waitUntilExit() == 0)
    withExtendedLifetime(b) {}
  }

  @Test func `a node that is alone does not wait: its clients have nowhere else to go`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--drain-time", "60"])
    let arini = try node.login("arini")
    let begin = ContinuousClock.now
    #expect(node.process.terminate() == 0)
    #expect(begin.duration(to: .now) < .seconds(10))
    #expect(try arini.isClosedByServer())
  }

  private struct Drain: Decodable {
    let pause: Int
    private enum CodingKeys: String, CodingKey { case pause = "reconnect_after_ms" }
  }
}
