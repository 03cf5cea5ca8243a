// Owns: proof of what the consumer of messages and presence sees, and of what is confirmed.
// Must never: depend on the real server; the scenario tests do.
// Runs on: the test's task.
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct ChatClientMessagesTests {
  @Test func aMessageIsConfirmedWhenTheNextOneIsAskedFor() async throws {
    let inbox = StandInInbox(messages: 2)
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await ChatClientTests.with(server) { client in
        var messages = client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "1")
        try await Task.sleep(for: .milliseconds(50))
        #expect(inbox.confirmed == 0)
        #expect(try await messages.next()?.text == "2")
        #expect(await server.hears("ack 1 m1"))
      }
      // The consumer has not gone on from the second one.
      #expect(inbox.confirmed == 1)
      #expect(server.received == ["auth arini hehe", "listen", "ack 1 m1", "quit"])
    }
  }

  @Test func whatIsShownAgainIsSeenOnceAndConfirmedAgain() async throws {
    let inbox = StandInInbox(messages: 6)
    try await ScriptedServer.with(numbered: { line, connection in
      // The first two connections lose every confirmation.
      connection < 3 && line.hasPrefix("ack") ? [.close] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        var seen: [String] = []
        for try await message in client.messages {
          seen.append(message.text)
          if seen.count % 2 == 0 { try await Task.sleep(for: .milliseconds(30)) }
          if message.seq == 6 { break }
        }
        #expect(seen == (1...6).map(String.init))
        while inbox.confirmed < 5 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(server.connections == 3)
      }
      #expect(inbox.confirmed == 5)
    }
  }

  @Test func aServerThatShowsTooMuchIsLeftAndNothingIsLost() async throws {
    let count = MessageBuffer.limit + 1000
    let inbox = StandInInbox(messages: count)
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await ChatClientTests.with(server) { client in
        var messages = client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.seq == 1)
        while server.connections < 2 { try await Task.sleep(for: .milliseconds(5)) }
        for seq in 2...count { #expect(try await messages.next()?.seq == seq) }
      }
    }
  }

  @Test func aRefusedConfirmationDoesNotStopTheMessages() async throws {
    let inbox = StandInInbox(messages: 2)
    let refusal = #"{"status":"ERROR","message":"no such message","code":"unknown_message"}"#
    let busy = #"{"status":"ERROR","message":"later","code":"unavailable","retry_after_ms":10}"#
    let first = BatchScript(size: 2)
    try await ScriptedServer.with(script: { line in
      switch line {
      case "ack 1 m1": [.reply(refusal)]
      case "ack 2 m2": first.script(line).isEmpty ? [.reply(busy)] : inbox.answer(line)
      default: inbox.answer(line)
      }
    }) { server in
      try await ChatClientTests.with(server) { client in
        let consumer = Task { for try await _ in client.messages {} }
        #expect(await server.hears("ack 2 m2", times: 2))
        consumer.cancel()
        try await consumer.value
        #expect(server.received.count { $0.hasPrefix("ack 1") } <= 1)
      }
      #expect(inbox.confirmed == 2)
    }
  }

  @Test func anotherUserDoesNotSeeWhatWaitedForTheFirst() async throws {
    let inbox = StandInInbox(messages: 3)
    try await ScriptedServer.with(script: { line in
      line == "auth messi hehe" ? [.reply(#"{"status":"OK","tokenid":"\#(StandInInbox.token)"}"#)] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        var messages = client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.seq == 1)
        try await client.login(user: "messi", password: "hehe")
        // The stand-in shows the same inbox to everyone: from the start, because nothing of the first user counts.
        #expect(try await messages.next()?.seq == 1)
        #expect(inbox.confirmed == 0)
      }
    }
  }

  @Test func theSameUserAfterALogoutSeesNothingTwice() async throws {
    let inbox = StandInInbox(messages: 3)
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await ChatClientTests.with(server) { client in
        var messages = client.messages.makeAsyncIterator()
        for seq in 1...2 { #expect(try await messages.next()?.seq == seq) }
        try await client.logout()
        try await client.login(user: "arini", password: "hehe")
        // 2 was in the consumer's hands, 3 had not been seen.
        #expect(try await messages.next()?.seq == 3)
        #expect(await server.hears("ack 2 m2"))
      }
    }
  }

  @Test func whatTheConsumerIsDoneWithIsConfirmedBeforeLogoutAndClose() async throws {
    let inbox = StandInInbox(messages: 2)
    let later = ScriptedServer.Step.reply(
      #"{"status":"ERROR","message":"later","code":"unavailable","retry_after_ms":60000}"#)
    try await ScriptedServer.with(script: { $0.hasPrefix("ack") ? [later] : inbox.answer($0) }) { server in
      try await ChatClientTests.with(server) { client in
        var messages = client.messages.makeAsyncIterator()
        #expect(try await messages.next()?.seq == 1)
        #expect(try await messages.next()?.seq == 2)
        #expect(await server.hears("ack 1 m1"))
        try await Task.sleep(for: .milliseconds(50))
        try await client.logout()
        #expect(server.received.suffix(2) == ["ack 1 m1", "logout"])
        try await client.login(user: "arini", password: "hehe")
        #expect(await server.hears("listen", times: 2))
        await client.confirm()
      }
      #expect(server.received.suffix(2) == ["ack 2 m2", "quit"])
    }
  }

  @Test func aChangeBehindASnapshotIsNewerHoweverSoonItComes() async throws {
    let inbox = StandInInbox()
    let names = (1...400).map { "u\($0)" }
    let gone = #"{"event":"presence","user":"u1","active":false,"at":"T"}"# + "\r\n\r\n"
    try await ScriptedServer.with(script: { line in
      guard line.hasPrefix("watch u") else { return inbox.answer(line) }
      let first = line.split(separator: " ")[1]
      let reply = #"{"status":"OK","message":"m","users":["\#(first)"],"count":1}"# + "\r\n\r\n"
      // With the first part, in one packet; the second one takes its time.
      return first == "u1" ? [.text(reply + gone)] : [.pause(milliseconds: 50), .text(reply)]
    }) { server in
      try await ChatClientTests.with(server) { client in
        try await client.watch(names)
        var presence = client.presence.makeAsyncIterator()
        #expect(try await presence.next() == .snapshot(.init(names: ["u1", "u201"], count: 2)))
        #expect(try await presence.next() == .changed(user: "u1", isActive: false, at: "T"))
      }
    }
  }

  @Test func presenceBeginsWithASnapshotAndIsAskedForAgainAfterALoss() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await ChatClientTests.with(server) { client in
        let snapshot = PresenceUpdate.snapshot(.init(names: ["messi"], count: 1))
        try await client.watch(["Messi", "lineker"])
        var presence = client.presence.makeAsyncIterator()
        #expect(try await presence.next() == snapshot)
        server.push(#"{"event":"presence","user":"lineker","active":true,"at":"T"}"#)
        #expect(try await presence.next() == .changed(user: "lineker", isActive: true, at: "T"))
        server.push(#"{"event":"something_new"}"#)
        server.push(#"{"event":"presence_summary","active":2000}"#)
        #expect(try await presence.next() == .summary(active: 2000))
        server.cut()
        #expect(try await presence.next() == snapshot)
        await #expect(throws: ChatClientError.notSent(reason: "\"two words\" is not an account name")) {
          try await client.watch(["two words"])
        }
        await #expect(throws: ChatClientError.self) { try await client.watch((0...1000).map { "u\($0)" }) }
        await client.unwatch()
        #expect(await server.hears("unwatch"))
      }
      #expect(
        server.received.filter { $0 == "listen" || $0.hasPrefix("watch") }
          == ["listen", "watch messi lineker", "listen", "watch messi lineker"])
    }
  }

  /// What the course's servers answer to what they don't know.
  private static let courseRefusal = #"{"status": "ERROR", "message": "**Protocol Tidak Benar"}"#

  private static let course: ScriptedServer.Script = { line in
    let words = line.split(separator: " ")
    return switch (words.first, words.dropFirst().first) {
    case ("auth", _): [.reply(#"{"status": "OK", "tokenid": "\#(StandInInbox.token)"}"#)]
    case ("send", StandInInbox.token[...]) where line.hasSuffix("drop"): [.close]
    case ("send", StandInInbox.token[...]): [.reply(#"{"status": "OK", "message": "Message Sent"}"#)]
    case ("user_aktif", StandInInbox.token[...]): [.reply(#"{"status": "OK", "message": "arini, messi, "}"#)]
    case ("logout", StandInInbox.token[...]): [.reply(#"{"status": "OK", "messages": "logout success"}"#)]
    default: [.reply(courseRefusal)]
    }
  }

  @Test func aServerOfTheCourseProtocolServesLoginAndSend() async throws {
    try await ScriptedServer.with(script: Self.course) { server in
      try await ChatClientTests.with(server) { client in
        #expect(try await client.send(to: "messi", text: "halo") == .init(id: nil, wasRepeated: false))
        #expect(try await client.activeUsers() == .init(names: ["arini", "messi"], count: 2))
        let reason = ChatClientError.unsupported(feature: "messages that arrive by themselves")
        await #expect(throws: reason) { for try await _ in client.messages {} }
        await #expect(throws: reason) { for try await _ in client.messages {} }
        // Without tags nothing is sent twice.
        await #expect(throws: ChatClientError.connectionClosed) { try await client.send(to: "messi", text: "drop") }
        #expect(try await client.send(to: "messi", text: "again").id == nil)
        try await client.logout()
      }
      #expect(server.received.count { $0.hasSuffix("drop") } == 1)
    }
  }
}
