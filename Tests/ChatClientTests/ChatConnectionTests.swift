// Owns: proof of the client library over real TCP connections to a scripted server.
// Must never: depend on the real server; what the client meets is written in each test.
// Runs on: the test's task.
import ChatClient
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChatConnectionTests {
  static let token = "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"

  private func connect(_ server: ScriptedServer, replyTimeout: Duration = .seconds(30)) async throws -> ChatConnection {
    try await ChatConnection.connect(host: "127.0.0.1", port: server.port, replyTimeout: replyTimeout)
  }

  @Test func everyCommand() async throws {
    try await ScriptedServer.with { line in
      switch line.split(separator: " ").first {
      case "auth": [.reply(#"{"status":"OK","tokenid":"\#(Self.token)"}"#)]
      case "send": [.reply(#"{"status":"OK","message":"Message Sent","id":"m1"}"#)]
      case "inbox":
        [
          .reply(
            #"{"status":"OK","messages":{"messi":[{"msg_from":"Lionel Messi","msg_to":"Arini","msg":"hi"}]},"more":true}"#
          )
        ]
      case "user_aktif": [.reply(#"{"status":"OK","message":"arini, ","users":["arini"],"count":1200}"#)]
      default: [.reply(#"{"status":"OK","messages":"logout success","message":"logout success"}"#)]
      }
    } _: { server in
      let client = try await connect(server)
      #expect(try await client.login(user: "arini", password: "hehe") == Self.token)
      #expect(try await client.send(to: "messi", text: "halo  dunia") == "m1")
      let inbox = try await client.inbox()
      #expect(inbox.messages["messi"]?.map(\.text) == ["hi"])
      #expect(inbox.hasMore)
      let active = try await client.activeUsers()
      #expect(active.names == ["arini"])
      #expect(active.count == 1200)
      try await client.logout()
      await client.close()
      #expect(server.received == ["auth arini hehe", "send messi halo  dunia", "inbox", "user_aktif", "logout"])
    }
  }

  @Test func refusalLeavesTheConnectionUsable() async throws {
    try await ScriptedServer.with { line in
      line == "ping"
        ? [.reply(#"{"status":"OK","message":"pong"}"#)]
        : [.reply(#"{"status":"ERROR","message":"wrong user or password","code":"bad_credentials"}"#)]
    } _: { server in
      let client = try await connect(server)
      await #expect(throws: ChatClientError.refused(code: "bad_credentials", message: "wrong user or password")) {
        try await client.login(user: "arini", password: "no")
      }
      #expect(try await client.request("ping").message == "pong")
    }
  }

  @Test func replySplitAtEveryByte() async throws {
    let reply = Array((#"{"status":"OK","message":"piye kabare? 😀"}"# + "\r\n\r\n").utf8)
    try await ScriptedServer.with { line in
      let position = Int(line) ?? 0
      return [
        .bytes(Array(reply.prefix(position))), .pause(milliseconds: 2), .bytes(Array(reply.dropFirst(position))),
      ]
    } _: { server in
      let client = try await connect(server)
      for position in 0...reply.count {
        #expect(try await client.request("\(position)").message == "piye kabare? 😀")
      }
    }
  }

  @Test func overlappingCallsGetTheirOwnRepliesFromOnePacket() async throws {
    let count = 50
    let server = BatchScript(size: count)
    try await ScriptedServer.with(script: server.script) { server in
      let client = try await connect(server)
      try await withThrowingTaskGroup(of: (String, String?).self) { group in
        for number in 0..<count {
          group.addTask { ("call \(number)", try await client.request("call \(number)").message) }
        }
        for try await (sent, answered) in group { #expect(sent == answered) }
      }
    }
  }

  @Test func serverClosingInTheMiddleOfAReplyFailsEveryCall() async throws {
    try await ScriptedServer.with { line in
      line == "last" ? [.text(#"{"status":"O"#), .pause(milliseconds: 20), .close] : []
    } _: { server in
      let client = try await connect(server)
      let first = Task { try await client.request("first") }
      while server.received.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      await #expect(throws: ChatClientError.connectionClosed) { try await client.request("last") }
      await #expect(throws: ChatClientError.connectionClosed) { try await first.value }
      #expect(await client.waitUntilClosed() == .connectionClosed)
      await #expect(throws: ChatClientError.connectionClosed) { try await client.request("too late") }
      #expect(server.received == ["first", "last"])
    }
  }

  @Test func aReplyMayHave16MiBAndNotOneByteMore() async throws {
    let limit = ChatConnection.maximumReplyBytes
    #expect(limit == 16 * 1024 * 1024)
    let frame = #"{"status":"OK","message":""}"#.utf8.count
    try await ScriptedServer.with { line in
      let padding = String(repeating: "x", count: (Int(line) ?? 0) - frame)
      return [.reply(#"{"status":"OK","message":"\#(padding)"}"#)]
    } _: { server in
      let client = try await connect(server)
      #expect(try await client.request("\(limit)").message?.utf8.count == limit - frame)
      let tooLong = ChatClientError.malformedReply(reason: "a reply is longer than \(limit) bytes")
      await #expect(throws: tooLong) { try await client.request("\(limit + 1)") }
      #expect(await client.waitUntilClosed() == tooLong)
    }
  }

  @Test func whatIsNotJSONEndsTheConnection() async throws {
    try await ScriptedServer.with { _ in
      [.reply("HTTP/1.1 400 Bad Request")]
    } _: { server in
      let client = try await connect(server)
      await #expect(throws: ChatClientError.malformedReply(reason: "not JSON")) { try await client.request("ping") }
      #expect(await client.waitUntilClosed() == .malformedReply(reason: "not JSON"))
    }
  }

  @Test func aFarewellIsTheReasonForTheEnd() async throws {
    let farewell = ScriptedServer.Step.reply(#"{"status":"ERROR","message":"the server is full","code":"full"}"#)
    try await ScriptedServer.with(greeting: [farewell, .close], script: { _ in [] }) { server in
      let client = try await connect(server)
      let reason = ChatClientError.refused(code: "full", message: "the server is full")
      #expect(await client.waitUntilClosed() == reason)
      await #expect(throws: reason) { try await client.request("ping") }
    }
  }

  @Test func aReplyToNothingEndsTheConnection() async throws {
    let twice = ScriptedServer.Step.text("{\"status\":\"OK\"}\r\n\r\n{\"status\":\"OK\"}\r\n\r\n")
    try await ScriptedServer.with(script: { _ in [twice] }) { server in
      let client = try await connect(server)
      #expect(try await client.request("ping").isOK)
      #expect(await client.waitUntilClosed() == .malformedReply(reason: "a reply came without a request"))
    }
  }

  @Test func silenceEndsAtTheDeadlineOfTheOldestRequest() async throws {
    try await ScriptedServer.with { line in
      line == "ping" ? [.reply(#"{"status":"OK"}"#)] : []
    } _: { server in
      let client = try await connect(server, replyTimeout: .seconds(2))
      // The first deadline passes while nothing waits; it must not count for the next request.
      _ = try await client.request("ping")
      try await Task.sleep(for: .milliseconds(1500))
      let start = ContinuousClock.now
      await #expect(throws: ChatClientError.timedOut) { try await client.request("silence") }
      let waited = ContinuousClock.now - start
      #expect(waited >= .milliseconds(1990))
      #expect(await client.waitUntilClosed() == .timedOut)
    }
  }

  @Test func closeFailsWaitingCalls() async throws {
    try await ScriptedServer.with { _ in
      []
    } _: { server in
      let client = try await connect(server)
      let waiting = Task { try await client.request("silence") }
      while server.received.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      await client.close()
      await #expect(throws: ChatClientError.connectionClosed) { try await waiting.value }
      await client.close()
    }
  }

  @Test func linesThatAreNotOneRequestAreNotSent() async throws {
    try await ScriptedServer.with { _ in
      [.reply(#"{"status":"OK"}"#)]
    } _: { server in
      let client = try await connect(server)
      let longest = String(repeating: "x", count: ChatConnection.maximumLineBytes)
      let accents = String(repeating: "é", count: 4097)
      for line in ["", " ", "\t ", "ping\nping", "ping\r\n", "a\rb", longest + "x", accents] {
        await #expect(performing: { _ = try await client.request(line) }, throws: isNotSent)
      }
      for user in ["", "two words", "tab\tname", String(repeating: "x", count: 33), Self.token] {
        await #expect(performing: { _ = try await client.send(to: user, text: "hi") }, throws: isNotSent)
        await #expect(performing: { _ = try await client.login(user: user, password: "hi") }, throws: isNotSent)
      }
      await #expect(performing: { _ = try await client.send(to: "messi", text: "one\ntwo") }, throws: isNotSent)
      _ = try await client.request(longest)
      #expect(server.received == [longest])
    }
  }

  @Test func couldNotConnectSaysWhyInPlainWords() async throws {
    let free = 1  // a port just freed could be somebody else's by now
    let refused = "cannot connect to 127.0.0.1 port \(free): no server listens there (connection refused)"
    await #expect(throws: ChatClientError.couldNotConnect(reason: refused)) {
      _ = try await ChatConnection.connect(host: "127.0.0.1", port: free)
    }
    for port in [-1, 0, 65536] {
      await #expect(throws: ChatClientError.couldNotConnect(reason: "\(port) is not a port (1 to 65535)")) {
        _ = try await ChatConnection.connect(host: "127.0.0.1", port: port)
      }
    }
  }

  private func isNotSent(_ error: any Error) -> Bool {
    if case ChatClientError.notSent = error { true } else { false }
  }
}
