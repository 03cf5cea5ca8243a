// Owns: the habits of the clients that were written for the course's server.
// Must never: be loosened: these clients can't be changed any more.
// Runs on: swift-testing.
import TestSupport
import Testing

/// They put a space before CRLF, read until CRLF CRLF, send the token with every command, and some open a new connection
/// for each.
@Suite(.serialized) struct CourseClientTests {
  private func cluster() async throws -> (RedisServer, ChatNode, ChatNode) {
    let redis = try await RedisServer()
    try await redis.addAccounts("messi", "henderson", "lineker")
    return (redis, try await ChatNode("a", redis: redis), try await ChatNode("b", redis: redis))
  }

  @Test func `a conversation as the course taught it`() async throws {
    let (_, a, b) = try await cluster()
    let messi = try a.connect()
    let henderson = try b.connect()
    let first = try #require(try messi.request("auth messi pw ")["tokenid"])
    let second = try #require(try henderson.request("auth henderson pw ")["tokenid"])
    #expect(first.utf8.count == 36 && first != second)

    let sent = try messi.request("send \(first) henderson hello gimana kabarnya son  ")
    #expect(sent["message"] == "Message Sent")
    let both = try await eventually(within: 3) {
      try messi.request("user_aktif \(first) ")["message"] == "henderson, messi, "
    }
    #expect(both)
    let inbox = try henderson.request("inbox \(second) ")
    #expect(inbox.texts(from: "messi") == ["hello gimana kabarnya son"])
    #expect(try messi.request("inbox \(first) ").description.contains("\"messages\":{}"))
    #expect(try messi.request("logout \(first) ").description.contains("\"messages\":\"logout success\""))
    let alone = try await eventually(within: 3) {
      try henderson.request("user_aktif \(second) ")["message"] == "henderson, "
    }
    #expect(alone)
  }

  @Test func `a connection for every command works with the token`() async throws {
    let (_, a, b) = try await cluster()
    let token = try #require(try a.connect().request("auth lineker pw ")["tokenid"])
    #expect(try b.connect().request("send \(token) messi satu ").isOK)
    #expect(try a.connect().request("send \(token) messi dua ").isOK)
    let other = try #require(try b.connect().request("auth messi pw ")["tokenid"])
    #expect(try a.connect().request("inbox \(other) ").texts(from: "lineker") == ["satu", "dua"])
    #expect(try b.connect().request("logout \(token) ").isOK)
    #expect(try a.connect().request("send \(token) messi tiga ").code == "invalid_session")
  }

  @Test func `one connection may speak for two users, by their tokens`() async throws {
    let (_, a, _) = try await cluster()
    let client = try a.connect()
    let messi = try #require(try client.request("auth messi pw ")["tokenid"])
    let lineker = try #require(try client.request("auth lineker pw ")["tokenid"])
    #expect(try client.request("send \(messi) henderson from messi ").isOK)
    #expect(try client.request("send \(lineker) henderson from lineker ").isOK)
    let henderson = try a.login("henderson")
    let inbox = try henderson.request("inbox ")
    #expect(inbox.texts(from: "messi") == ["from messi"])
    #expect(inbox.texts(from: "lineker") == ["from lineker"])
  }

  @Test func `a message to oneself and a login twice are nothing special`() async throws {
    let (_, a, b) = try await cluster()
    let first = try a.login("messi")
    let second = try b.login("messi")
    #expect(try first.request("send messi note to self ").isOK)
    #expect(try second.request("inbox ").texts(from: "messi") == ["note to self"])
    #expect(try first.request("user_aktif ").users == ["messi"])
    #expect(try second.request("logout ").isOK)
    #expect(try second.request("inbox ").code == "not_logged_in")
    #expect(try first.request("user_aktif ").users == ["messi"])
  }
}
