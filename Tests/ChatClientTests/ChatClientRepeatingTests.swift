// Owns: proof of what the client makes of unknown outcomes, ends without a word, and a change of the user meanwhile.
// Must never: depend on the real server; the scenario tests do.
// Runs on: the test's task.
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct ChatClientRepeatingTests {
  private static let token = StandInInbox.token
  private static let closing = ScriptedServer.Step.reply(#"{"event":"closing","code":"draining"}"#)

  private static func refusal(_ code: String, retryAfter: Int = 0) -> ScriptedServer.Step {
    .reply(#"{"status":"ERROR","message":"no","code":"\#(code)","retry_after_ms":\#(retryAfter)}"#)
  }

  @Test func aReplyThatLacksSomethingIsTheEndOfTheConnectionNotOfTheClient() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      connection < 3 && line.hasPrefix("auth") ? [.reply(#"{"status":"OK"}"#)] : inbox.answer(line)
    }) { server in
      let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port, settings: ChatClientTests.quick)
      for _ in 1...2 {
        await #expect(throws: ChatClientError.malformedReply(reason: "\"tokenid\" is missing")) {
          try await client.login(user: "arini", password: "hehe")
        }
      }
      try await client.login(user: "arini", password: "hehe")
      #expect(server.connections == 3)
      await client.close()
    }
  }

  @Test func closeEndsAConnectionThatIsOfNoUse() async throws {
    try await ScriptedServer.with(script: { _ in [.reply(#"{"status":"OK"}"#)] }) { server in
      let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port)
      await #expect(throws: ChatClientError.self) { try await client.login(user: "arini", password: "hehe") }
      let start = ContinuousClock.now
      await client.close()
      #expect(ContinuousClock.now - start < .seconds(3))
    }
  }

  @Test func whatTheServerSaysBeforeItClosesIsNoRefusalOfWhatIsUnderWay() async throws {
    let inbox = StandInInbox(messages: 1)
    try await ScriptedServer.with(numbered: { line, connection in
      switch (connection, line) {
      case (1, "listen"), (2, "ack 1 m1"): [Self.closing, .close]
      case (3, _) where line.contains(" send "): [Self.closing, .close]
      default: inbox.answer(line)
      }
    }) { server in
      try await ChatClientTests.with(server) { client in
        var states = client.states.makeAsyncIterator()
        let consumer = Task {
          var texts: [String] = []
          for try await message in client.messages {
            texts.append(message.text)
            if message.text == "2" { break }
          }
          return texts
        }
        let reason = ChatClientError.refused(code: "draining", message: "the server closes the connection (draining)")
        guard case .disconnected(reason, _) = await states.next() else {
          Issue.record("no reason")
          return
        }
        while inbox.confirmed < 1 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(server.connections == 3)
        let sent = try await client.send(to: "messi", text: "halo")
        #expect(!sent.wasRepeated)
        #expect(await server.hears("listen", times: 4))
        server.push(StandInInbox.event(2))
        #expect(try await consumer.value == ["1", "2"])
      }
      #expect(Set(server.received.filter { $0.contains(" send ") }).count == 1)
    }
  }

  @Test func aStoredSendIsNotCalledRefusedBecauseTheSessionHasEnded() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      if connection == 1, line.contains(" send ") {
        _ = inbox.answer(line)
        return [.close]
      }
      if line.hasPrefix("resume") { return [Self.refusal("invalid_session")] }
      return line.contains(" send ") ? [Self.refusal("not_logged_in")] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        await #expect(throws: ChatClientError.connectionClosed) { try await client.send(to: "messi", text: "halo") }
      }
      #expect(inbox.stored.count == 1)
      #expect(server.received.count { $0.contains(" send ") } == 2)
    }
  }

  @Test func aRefusalThatSaysMoreThanTheLostReplyIsTheAnswer() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      guard line.contains(" send ") else { return inbox.answer(line) }
      return connection == 1 ? [.close] : [Self.refusal("inbox_full")]
    }) { server in
      try await ChatClientTests.with(server) { client in
        await #expect(throws: ChatClientError.refused(code: "inbox_full", message: "no", retryAfter: .zero)) {
          try await client.send(to: "messi", text: "halo")
        }
      }
    }
  }

  @Test func aSendIsNotRepeatedInTheNameOfAnotherUser() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: { line in
      line.contains(" send ") ? [Self.refusal("unavailable", retryAfter: 200)] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        let call = Task { try await client.send(to: "lineker", text: "from arini") }
        while server.received.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
        try await client.login(user: "messi", password: "hehe")
        await #expect(
          throws: ChatClientError.refused(code: "unavailable", message: "no", retryAfter: .milliseconds(200))
        ) { try await call.value }
      }
      #expect(server.received.count { $0.contains(" send ") } == 1)
    }
  }

  @Test func nothingIsAskedForBehindALoginThatIsUnderWay() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: { line in
      (line == "auth messi hehe" ? [.pause(milliseconds: 300)] : []) + inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        let login = Task { try await client.login(user: "messi", password: "hehe") }
        #expect(await server.hears("auth messi hehe"))
        let consumer = Task { for try await _ in client.messages {} }
        let send = Task { try await client.send(to: "lineker", text: "from messi") }
        try await Task.sleep(for: .milliseconds(100))
        #expect(server.received.last == "auth messi hehe")
        _ = try await login.value
        #expect(await server.hears("listen"))
        send.cancel()
        _ = try? await send.value
        consumer.cancel()
        try await consumer.value
      }
    }
  }

  @Test(arguments: [true, false])
  func aLoginThatIsGivenUpLeavesNoConnectionToItsUser(_ isCancelled: Bool) async throws {
    let inbox = StandInInbox()
    var settings = ChatClientTests.quick
    settings.replyTimeout = .seconds(40)
    if !isCancelled { settings.deadline = .seconds(1) }
    try await ScriptedServer.with(script: { line in
      (line == "auth messi hehe" ? [.pause(milliseconds: 20_000)] : []) + inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server, settings: settings) { client in
        let login = Task { try await client.login(user: "messi", password: "hehe") }
        #expect(await server.hears("auth messi hehe"))
        if isCancelled { login.cancel() }
        await #expect(throws: isCancelled ? ChatClientError.cancelled : .timedOut) { try await login.value }
        #expect(await server.hears("resume \(Self.token)"))
        try await client.send(to: "lineker", text: "from arini")
        #expect(server.connections == 2)
      }
    }
  }

  @Test func aCallEndsAtItsDeadlineAndTheConnectionStays() async throws {
    let inbox = StandInInbox()
    var settings = ChatClientTests.quick
    settings.deadline = .seconds(1)
    try await ScriptedServer.with(script: { line in
      (line.contains(" send ") ? [.pause(milliseconds: 4000)] : []) + inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server, settings: settings) { client in
        let start = ContinuousClock.now
        await #expect(throws: ChatClientError.timedOut) { try await client.send(to: "messi", text: "halo") }
        let waited = ContinuousClock.now - start
        #expect(waited >= .seconds(1) && waited < .seconds(4))
        // The reply still comes, and those behind it go to their own callers.
        var reply: ChatReply?
        for _ in 1...20 where reply == nil { reply = try? await client.request("whoever") }
        #expect(reply?.message == "whoever")
        #expect(server.connections == 1)
      }
    }
  }

  @Test func aWatchWithoutAnAnswerThatCanBeReadIsAskedForAgain() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      connection == 1 && line.hasPrefix("watch") ? [.reply(#"{"status":"OK"}"#)] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        try await client.watch(["messi"])
        var presence = client.presence.makeAsyncIterator()
        #expect(try await presence.next() == .snapshot(.init(names: ["messi"], count: 1)))
        #expect(server.connections == 2)
      }
    }
  }

  @Test func aServerThatDoesNotListenAnyMoreIsAskedAgain() async throws {
    let inbox = StandInInbox()
    let first = BatchScript(size: 2)
    try await ScriptedServer.with(script: { line in
      line == "watch messi" && first.script(line).isEmpty ? [Self.refusal("not_listening")] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        try await client.watch(["messi"])
        var presence = client.presence.makeAsyncIterator()
        #expect(try await presence.next() == .snapshot(.init(names: ["messi"], count: 1)))
      }
      #expect(server.received == ["auth arini hehe", "listen", "watch messi", "listen", "watch messi", "quit"])
    }
  }
}
