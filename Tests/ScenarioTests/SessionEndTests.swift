// Owns: how soon a session that has ended is worthless on other nodes, also when no news of it arrives there.
// Must never: end a session in another way than users and operators do.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct SessionEndTests {
  private struct Cluster {
    let redis: RedisServer
    let a: ChatNode
    let b: ChatNode
    let token: String
    let client: LineClient

    /// Arini has one session and is connected to both nodes.
    init() async throws {
      redis = try await RedisServer()
      try await redis.addAccounts("arini", "lineker")
      a = try await ChatNode("a", redis: redis)
      b = try await ChatNode("b", redis: redis)
      client = try a.connect()
      token = try #require(try client.request("auth arini pw")["tokenid"])
    }

    func resumed() throws -> LineClient {
      let client = try b.connect()
      #expect(try client.request("resume \(token)").isOK)
      return client
    }
  }

  @Test func `after logout the token is worthless on the other node within a second`() async throws {
    let cluster = try await Cluster()
    let bound = try cluster.resumed()
    #expect(try bound.request("send lineker before").isOK)
    #expect(try cluster.client.request("logout").isOK)
    let isEnded = try await eventually(within: 1) {
      ["invalid_session", "not_logged_in"].contains(try bound.request("send lineker after").code)
    }
    #expect(isEnded)
    #expect(try cluster.b.connect().request("resume \(cluster.token)").code == "invalid_session")
    #expect(try cluster.b.connect().request("inbox \(cluster.token)").code == "invalid_session")
  }

  @Test func `a node that hears no news asks every second: no sending, no listening with a session that has ended`()
    async throws
  {
    let cluster = try await Cluster()
    let (bound, listener) = (try cluster.resumed(), try cluster.resumed())
    #expect(try listener.request("listen").isOK)
    _ = try cluster.redis.cli("ACL", "SETUSER", "default", "-subscribe")
    #expect(try Int(cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")) == 2)
    try await Task.sleep(for: .milliseconds(300))
    #expect(try cluster.client.request("logout").isOK)
    let isEnded = try await eventually(within: 2) {
      ["invalid_session", "not_logged_in"].contains(try bound.request("send lineker after").code)
    }
    #expect(isEnded)
    #expect(try await listener.awaitReply(within: 3).event == "session_ended")
    let lineker = try cluster.a.login("lineker")
    #expect(try lineker.request("send arini secret").isOK)
    try await Task.sleep(for: .seconds(2))
    #expect(!listener.hears(withinMilliseconds: 0))
  }
}
