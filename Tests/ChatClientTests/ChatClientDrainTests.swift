// Owns: proof of what the client makes of a server that stops: another connection first, then the end of this one.
// Must never: depend on the real server; the scenario tests do.
// Runs on: the test's task.
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct ChatClientDrainTests {
  private static let drain = ScriptedServer.Step.reply(#"{"event":"drain","reconnect_after_ms":1}"#)

  @Test func aServerThatStopsIsLeftForAnotherConnectionAndNobodyNotices() async throws {
    let inbox = StandInInbox(messages: 1)
    try await ScriptedServer.with(numbered: { line, connection in
      connection == 1 && line == "listen" ? inbox.answer(line) + [Self.drain] : inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        let watcher = Task {
          var states: [ChatClient.State] = []
          for await state in client.states { states.append(state) }
          return states
        }
        let consumer = Task {
          var texts: [String] = []
          for try await message in client.messages {
            texts.append(message.text)
            if message.text == "2" { break }
          }
          return texts
        }
        #expect(await server.hears("listen", times: 2))
        #expect(server.connections == 2)
        // The old connection is asked for the last time when the new one is bound, and everything else goes to the new one.
        let lines = server.received
        let resumed = try #require(lines.firstIndex { $0.hasPrefix("resume") })
        #expect(lines[resumed...].contains("ping"))
        let sent = try await client.send(to: "messi", text: "halo")
        #expect(!sent.wasRepeated)
        server.push(StandInInbox.event(2))
        #expect(try await consumer.value == ["1", "2"])
        watcher.cancel()
        #expect(await watcher.value == [])
      }
    }
  }

  @Test func withoutAnotherServerTheOldOneIsUsedToItsEnd() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      if connection == 1, line == "listen" { return inbox.answer(line) + [Self.drain] }
      if connection == 2 { return [.close] }
      return inbox.answer(line)
    }) { server in
      try await ChatClientTests.with(server) { client in
        let consumer = Task {
          for try await message in client.messages where message.text == "never" { return }
        }
        #expect(await server.hears("resume \(StandInInbox.token)", times: 1))
        for _ in 1...3 {
          let sent = try await client.send(to: "messi", text: "halo")
          #expect(!sent.wasRepeated)
        }
        #expect(server.connections == 2)
        consumer.cancel()
      }
    }
  }
}
