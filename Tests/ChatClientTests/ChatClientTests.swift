// Owns: proof of the session that outlives its connections: sending, the session itself, states, the end.
// Must never: depend on the real server; the scenario tests do.
// Runs on: the test's task.
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct ChatClientTests {
  static let token = StandInInbox.token
  static let unavailable = #"{"status":"ERROR","message":"later","code":"unavailable","retry_after_ms":150}"#

  static var quick: ChatClient.Settings {
    var settings = ChatClient.Settings()
    settings.reconnect = ReconnectPolicy(base: .milliseconds(5), cap: .milliseconds(40))
    settings.deadline = .seconds(20)
    return settings
  }

  /// A client that has logged in; closed at the end whatever happens.
  static func with(
    _ server: ScriptedServer, settings: ChatClient.Settings = quick, _ body: (ChatClient) async throws -> Void
  ) async throws {
    let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port, settings: settings)
    do {
      try await client.login(user: "arini", password: "hehe")
      try await body(client)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }

  @Test func aSendWhoseReplyIsLostIsRepeatedWithTheSameTagOnAResumedConnection() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      guard connection < 3, line.contains(" send ") else { return inbox.answer(line) }
      // The first connection stores it, the second one not even that; neither answers.
      if connection == 1 { _ = inbox.answer(line) }
      return [.close]
    }) { server in
      try await Self.with(server) { client in
        let sent = try await client.send(to: "messi", text: "halo  dunia")
        #expect(sent == .init(id: "s", wasRepeated: true))
      }
      #expect(inbox.stored.count == 1)
      let tag = try #require(inbox.stored.first)
      let send = "\(tag) send messi halo  dunia"
      let resume = "resume \(Self.token)"
      #expect(server.received == ["auth arini hehe", send, resume, send, resume, send, "quit"])
    }
  }

  @Test func everySendHasATagOfItsOwn() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await Self.with(server) { client in
        for _ in 1...50 {
          let sent = try await client.send(to: "messi", text: "halo")
          #expect(!sent.wasRepeated)
        }
      }
    }
    #expect(Set(inbox.stored).count == 50)
    #expect(inbox.stored.allSatisfy { $0.utf8.count == "@id=".utf8.count + 32 })
  }

  @Test func aRefusalThatPassesIsRepeatedNotBeforeItsTime() async throws {
    let inbox = StandInInbox()
    let refusals = BatchScript(size: 2)
    try await ScriptedServer.with(script: { line in
      line.contains(" send ") && refusals.script(line).isEmpty ? [.reply(Self.unavailable)] : inbox.answer(line)
    }) { server in
      try await Self.with(server) { client in
        let start = ContinuousClock.now
        let sent = try await client.send(to: "messi", text: "halo")
        #expect(!sent.wasRepeated)
        #expect(ContinuousClock.now - start >= .milliseconds(150))
      }
      #expect(server.received.count == 4)
      #expect(server.received[1] == server.received[2])
    }
  }

  @Test func aRefusalThatStaysIsTheAnswer() async throws {
    let inbox = StandInInbox()
    let refusal = #"{"status":"ERROR","message":"there is no user x","code":"unknown_user"}"#
    try await ScriptedServer.with(script: { $0.contains(" send ") ? [.reply(refusal)] : inbox.answer($0) }) { server in
      try await Self.with(server) { client in
        await #expect(throws: ChatClientError.refused(code: "unknown_user", message: "there is no user x")) {
          try await client.send(to: "x", text: "halo")
        }
        await #expect(throws: ChatClientError.self) { try await client.send(to: "x", text: "two\nlines") }
        await #expect(throws: ChatClientError.self) { try await client.send(to: "two words", text: "halo") }
      }
      #expect(server.received.count == 3)
    }
  }

  @Test func theDeadlineEndsTheRepeating() async throws {
    let inbox = StandInInbox()
    var settings = Self.quick
    settings.deadline = .seconds(1)
    // The second try is answered long before the deadline; there is no time for a third.
    let later = #"{"status":"ERROR","message":"later","code":"unavailable","retry_after_ms":600}"#
    try await ScriptedServer.with(script: { $0.contains(" send ") ? [.reply(later)] : inbox.answer($0) }) {
      server in
      try await Self.with(server, settings: settings) { client in
        let start = ContinuousClock.now
        await #expect(
          performing: { _ = try await client.send(to: "x", text: "halo") },
          throws: { error in
            if case ChatClientError.refused("unavailable", _, _) = error { true } else { false }
          })
        let waited = ContinuousClock.now - start
        #expect(waited > .milliseconds(600) && waited < .seconds(5))
      }
    }
  }

  @Test func aServerThatIsGoneFailsCallsAtTheDeadlineAndStatesSayWhy() async throws {
    let inbox = StandInInbox()
    var settings = Self.quick
    settings.deadline = .milliseconds(300)
    let client = try await ScriptedServer.with(script: inbox.answer) { server in
      let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port, settings: settings)
      try await client.login(user: "arini", password: "hehe")
      return (client, server)
    }
    client.1.cut()
    var states = client.0.states.makeAsyncIterator()
    let (first, second) = (await states.next(), await states.next())
    guard case .disconnected(.connectionClosed, _) = first, case .disconnected(.couldNotConnect, let retryIn) = second
    else {
      Issue.record("wrong states: \(String(describing: first)), \(String(describing: second))")
      return
    }
    #expect(retryIn <= .milliseconds(40))
    await #expect(
      performing: { _ = try await client.0.send(to: "x", text: "halo") },
      throws: { error in
        if case ChatClientError.couldNotConnect = error { true } else { false }
      })
    await client.0.close()
    #expect(await states.next() == nil)
  }

  @Test func aFirstConnectionThatCanNotBeMadeIsAnError() async {
    await #expect(
      performing: { _ = try await ChatClient.connect(host: "127.0.0.1", port: 1) },
      throws: { error in
        if case ChatClientError.couldNotConnect = error { true } else { false }
      })
  }

  @Test func statesTellOfTheLossAndTheReturn() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await Self.with(server) { client in
        var states = client.states.makeAsyncIterator()
        for _ in 1...2 {
          server.cut()
          guard case .disconnected(.connectionClosed, _) = await states.next() else {
            Issue.record("no loss")
            return
          }
          #expect(await states.next() == .connected)
        }
        let reply = try await client.request("whoever")
        #expect(reply.message == "whoever")
      }
      #expect(server.received.filter { $0 == "resume \(Self.token)" }.count == 2)
    }
  }

  @Test func aSilentServerIsNoticedByTheHeartbeat() async throws {
    let inbox = StandInInbox()
    var settings = Self.quick
    settings.heartbeat = .milliseconds(50)
    settings.replyTimeout = .seconds(1)
    try await ScriptedServer.with(numbered: { line, connection in
      connection == 1 && line == "ping" ? [] : inbox.answer(line)
    }) { server in
      try await Self.with(server, settings: settings) { client in
        var states = client.states.makeAsyncIterator()
        guard case .disconnected(.timedOut, _) = await states.next() else {
          Issue.record("not noticed")
          return
        }
        #expect(await states.next() == .connected)
      }
    }
  }

  @Test func aSessionThatWasEndedElsewhereIsSaidAndAnotherCanBegin() async throws {
    let inbox = StandInInbox()
    let ended = #"{"status":"ERROR","message":"log in again","code":"invalid_session"}"#
    try await ScriptedServer.with(numbered: { line, connection in
      switch line {
      case "listen" where connection == 1:
        [.reply(#"{"status":"OK","message":"listening"}"#), .reply(#"{"event":"session_ended"}"#)]
      case "resume \(Self.token)": [.reply(ended)]
      default: inbox.answer(line)
      }
    }) { server in
      try await Self.with(server) { client in
        let reason = ChatClientError.refused(code: "invalid_session", message: "log in again")
        await #expect(throws: reason) { for try await _ in client.messages {} }
        var states = client.states.makeAsyncIterator()
        guard case .disconnected = await states.next() else {
          Issue.record("not disconnected")
          return
        }
        #expect(await states.next() == .sessionEnded)
        #expect(await states.next() == .connected)
        try await client.login(user: "arini", password: "hehe")
        server.push(StandInInbox.event(1))
        var messages = client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "1")
      }
    }
  }

  @Test func resumeTakesPartInASession() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port, settings: Self.quick)
      await #expect(throws: ChatClientError.notSent(reason: "a token is a UUID")) {
        try await client.resume(token: "x")
      }
      try await client.resume(token: Self.token)
      var states = client.states.makeAsyncIterator()
      server.cut()
      while let state = await states.next(), state != .connected {}
      try await client.send(to: "messi", text: "halo")
      try await client.logout()
      await client.close()
      #expect(server.received.prefix(2) == ["resume \(Self.token)", "resume \(Self.token)"])
      #expect(server.received.suffix(2) == ["logout", "quit"])
    }
  }

  @Test func aLogoutWhoseReplyIsLostIsALogout() async throws {
    let inbox = StandInInbox()
    let ended = #"{"status":"ERROR","message":"ended","code":"invalid_session"}"#
    try await ScriptedServer.with(script: { line in
      switch line {
      case "resume \(Self.token)": [.reply(ended)]
      case "logout": inbox.store(tag: "logout") ? [.close] : [.reply(ended)]
      default: inbox.answer(line)
      }
    }) { server in
      try await Self.with(server) { client in
        try await client.logout()
        await #expect(throws: ChatClientError.self) { try await client.logout() }
      }
      #expect(server.received.filter { $0 == "logout" }.count == 3)
    }
  }

  @Test(arguments: ["not_logged_in", "invalid_session"])
  func aSessionThatEndedUnnoticedIsNoticedByTheNextRefusal(_ code: String) async throws {
    let inbox = StandInInbox()
    let refusal = #"{"status":"ERROR","message":"log in","code":"\#(code)"}"#
    let ended = #"{"status":"ERROR","message":"ended","code":"invalid_session"}"#
    try await ScriptedServer.with(script: { line in
      if line.hasPrefix("resume") { return [.reply(ended)] }
      return line.contains(" send ") || line == "listen" ? [.reply(refusal)] : inbox.answer(line)
    }) { server in
      try await Self.with(server) { client in
        await #expect(throws: ChatClientError.self) { try await client.send(to: "messi", text: "halo") }
        var states = client.states.makeAsyncIterator()
        while let state = await states.next(), state != .sessionEnded {}
        try await client.login(user: "arini", password: "hehe")
        await #expect(throws: ChatClientError.refused(code: "invalid_session", message: "ended")) {
          for try await _ in client.messages {}
        }
      }
    }
  }

  @Test func aCancelledCallEndsAtOnce() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: { $0.contains(" send ") ? [] : inbox.answer($0) }) { server in
      try await Self.with(server) { client in
        let start = ContinuousClock.now
        let call = Task { try await client.send(to: "messi", text: "halo") }
        while server.received.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
        call.cancel()
        await #expect(throws: ChatClientError.cancelled) { try await call.value }
        let consumer = Task { try await client.messages.first { _ in true } }
        #expect(await server.hears("listen"))
        consumer.cancel()
        #expect(try await consumer.value == nil)
        #expect(ContinuousClock.now - start < .seconds(5))
      }
    }
  }

  @Test func closeEndsEverything() async throws {
    let inbox = StandInInbox(messages: 2)
    try await ScriptedServer.with(script: { line in
      // A server that answers nothing any more, not even the goodbye.
      line.contains(" send ") ? [.pause(milliseconds: 120_000)] : inbox.answer(line)
    }) { server in
      weak var gone: ChatClient?
      do {
        // Nothing but the end of the client may end a call.
        var settings = Self.quick
        (settings.replyTimeout, settings.deadline) = (.seconds(50), .seconds(50))
        let client = try await ChatClient.connect(host: "127.0.0.1", port: server.port, settings: settings)
        gone = client
        try await client.login(user: "arini", password: "hehe")
        let consumer = Task { try await client.messages.reduce(into: 0) { count, _ in count += 1 } }
        let states = Task { for await _ in client.states {} }
        #expect(await server.hears("ack 2 m2"))
        while inbox.confirmed < 2 { try await Task.sleep(for: .milliseconds(5)) }
        let call = Task { try await client.send(to: "messi", text: "halo") }
        while server.received.last?.contains(" send ") == false { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        await client.close()
        // It waits for the goodbye for two seconds; the rest is for a busy machine, whose tests may block each other.
        #expect(ContinuousClock.now - start < .seconds(40))
        #expect(try await consumer.value == 2)
        await states.value
        await #expect(throws: ChatClientError.connectionClosed) { try await call.value }
        await #expect(throws: ChatClientError.connectionClosed) { try await client.request("ping") }
        await client.close()
      }
      #expect(gone == nil)
      #expect(server.received.last == "quit")
      #expect(server.connections == 1)
    }
  }
}
