// Owns: proof of the terminal client as a person meets it: the built program on a pseudo-terminal, keys in, screen out.
// Must never: repeat the tables of the pure parts; here only what the program adds is tested.
// Runs on: the test's task.
import Glibc
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct LiveChatTests {
  static let token = StandInInbox.token
  /// What draws the line being typed.
  static func line(_ text: String, cursor: Int? = nil) -> String {
    "\r> \(text)\u{1B}[K\r\u{1B}[\(2 + (cursor ?? text.count))C"
  }

  /// A person who has logged in.
  private func with(
    _ server: ScriptedServer, _ body: (ChatProgram.Terminal) async throws -> Void
  ) async throws {
    try await ChatProgram.onTerminal(port: server.port, arguments: ["arini"], kind: "xterm") { terminal async throws in
      #expect(try await terminal.sees("password for arini: "))
      for _ in 0..<1000 where terminal.echoes { try await Task.sleep(for: .milliseconds(5)) }
      terminal.type("hehe\n")
      #expect(try await terminal.sees("username arini logged in, token: \(Self.token)\r\n"))
      #expect(try await terminal.sees(Self.line("")))
      #expect(await server.hears("listen"))
      try await body(terminal)
    }
  }

  @Test func aMessageArrivesWhileHalfALineIsTyped() async throws {
    let inbox = StandInInbox(messages: 1)
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await with(server) { terminal async throws in
        #expect(try await terminal.sees("\r\u{1B}[JGary Lineker (lineker): 1\r\n"))
        // By itself, it was shown: it is confirmed.
        #expect(await server.hears("ack 1 m1"))
        terminal.type("send messi half a l")
        #expect(try await terminal.sees(Self.line("send messi half a l")))
        server.push(StandInInbox.event(2))
        #expect(
          try await terminal.sees(
            "\r\u{1B}[JGary Lineker (lineker): 2\r\n" + Self.line("send messi half a l")))
        terminal.type("ine\u{1B}[D\u{1B}[D\u{7F}\r")
        #expect(try await terminal.sees("message send to messi\r\n" + Self.line("")))
        #expect(inbox.stored.count == 1)
        #expect(server.received.contains { $0.hasSuffix(" send messi half a lne") })
        terminal.type("unlisten\r")
        #expect(try await terminal.sees("error: at a terminal messages arrive by themselves"))
        terminal.type("inbox\r")
        #expect(try await terminal.sees("messages arrive by themselves: none waits\r\n"))
        #expect(!server.received.contains("unlisten"))
        terminal.type("quit\r")
        #expect(try await terminal.ended() == 0)
        #expect(terminal.echoes)
        #expect(server.received.last == "quit")
      }
    }
  }

  @Test func theHistoryComesBackButNoPassword() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await with(server) { terminal async throws in
        terminal.type("one\rauth arini hehe\r@id=1 auth arini hehe\r")
        for _ in 1...2 { #expect(try await terminal.sees("logged in")) }
        terminal.type("\u{1B}[A")
        #expect(try await terminal.sees(Self.line("one")))
        terminal.type("\u{1B}[B")
        #expect(try await terminal.sees(Self.line("")))
        terminal.type("\u{1B}[200~a\rpaste\u{1B}[201~")
        #expect(try await terminal.sees(Self.line("a paste")))
        // A paste whose end got lost doesn't take the keys with which a person leaves.
        terminal.type("\u{1B}[200~ and half")
        #expect(try await terminal.sees(Self.line("a paste and half")))
        terminal.resize(columns: 8)
        #expect(try await terminal.sees("\r\u{1B}[J"))
        terminal.type("\u{3}")
        #expect(try await terminal.ended() == 0)
        #expect(terminal.echoes)
      }
    }
  }

  @Test func aLostConnectionComesBackAndWhatWasTypedMeanwhileIsSent() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      // The second connection doesn't get anywhere: the session can't be resumed there yet.
      connection == 2
        ? [.reply(#"{"status":"ERROR","message":"later","code":"unavailable","retry_after_ms":700}"#)]
        : inbox.answer(line)
    }) { server in
      try await with(server) { terminal async throws in
        terminal.type("watch messi\r")
        #expect(try await terminal.sees("active now: messi\r\n"))
        terminal.type("half")
        #expect(try await terminal.sees(Self.line("half")))
        server.cut()
        #expect(try await terminal.sees("connection lost: the server closed the connection, trying again in 0."))
        #expect(try await terminal.sees("connection lost: later, trying again in "))
        #expect(try await terminal.sees(" s\r\n" + Self.line("half")))
        terminal.type("\u{15}send messi meanwhile\r")
        #expect(try await terminal.sees("connected again\r\n"))
        #expect(try await terminal.sees("message send to messi\r\n"))
        #expect(await server.hears("listen", times: 2))
        #expect(await server.hears("watch messi", times: 2))
        server.push(#"{"event":"presence","user":"messi","active":false,"at":"T"}"#)
        #expect(try await terminal.sees("messi is gone\r\n"))
        terminal.type("\u{4}")
        #expect(try await terminal.ended() == 0)
      }
    }
  }

  @Test func whatCouldNotBeSentIsNamedWhenLeaving() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: { line in
      line.contains(" send ") ? [.pause(milliseconds: 60_000)] : inbox.answer(line)
    }) { server in
      try await with(server) { terminal async throws in
        terminal.type("send messi lost?\rsend messi too\rauth arini secret\r\u{4}")
        #expect(try await terminal.ended() == 0)
        let isNamed = try await terminal.sees(
          "not confirmed as sent: send messi lost?\r\nnot confirmed as sent: send messi too\r\n")
        #expect(isNamed)
        #expect(!terminal.seen.contains("not confirmed as sent: auth"))
      }
    }
  }

  @Test func threeWrongPasswordsEndTheProgram() async throws {
    try await ScriptedServer.with(script: { line in
      line == "quit"
        ? [.close] : [.reply(#"{"status":"ERROR","message":"wrong user or password","code":"auth_failed"}"#)]
    }) { server in
      try await ChatProgram.onTerminal(port: server.port, arguments: ["arini"], kind: "xterm") {
        terminal async throws in
        for password in ["one", "tw\u{7F}\u{7F}two", "three"] {
          #expect(try await terminal.sees("password for arini: "))
          terminal.type(password + "\r")
          #expect(try await terminal.sees("error: wrong user or password (auth_failed)\r\n"))
        }
        #expect(try await terminal.ended() == 1)
        #expect(terminal.echoes)
        #expect(server.received == ["auth arini one", "auth arini two", "auth arini three", "quit"])
        #expect(!terminal.seen.contains("three"))
      }
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
  func aSignalRestoresTheTerminal(_ number: CInt) async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await with(server) { terminal async throws in
        terminal.type("half")
        #expect(try await terminal.sees(Self.line("half")))
        #expect(!terminal.echoes)
        terminal.signal(number)
        #expect(try await terminal.ended() == -number)
        #expect(terminal.echoes)
        #expect(try await terminal.sees("\u{1B}[?2004l\r\u{1B}[J"))
      }
    }
  }

  @Test(arguments: [true, false])
  func aStoppedProgramHasGivenTheTerminalBack(_ byKey: Bool) async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: inbox.answer) { server in
      try await with(server) { terminal async throws in
        terminal.type("half")
        #expect(try await terminal.sees(Self.line("half")))
        for _ in 1...20 {
          if byKey { terminal.type("\u{1A}") } else { terminal.signal(SIGTSTP) }
          #expect(try await terminal.stopped())
          #expect(terminal.echoes)
          terminal.signal(SIGCONT)
          #expect(try await terminal.sees(Self.line("half")))
          for _ in 0..<1000 where terminal.echoes { try await Task.sleep(for: .milliseconds(5)) }
          #expect(!terminal.echoes)
        }
        terminal.type("\u{3}")
        #expect(try await terminal.ended() == 0)
        #expect(terminal.echoes)
      }
    }
  }

  @Test func aSessionThatWasEndedElsewhereIsSaid() async throws {
    let inbox = StandInInbox()
    try await ScriptedServer.with(numbered: { line, connection in
      line.hasPrefix("resume")
        ? [.reply(#"{"status":"ERROR","message":"ended","code":"invalid_session"}"#)] : inbox.answer(line)
    }) { server in
      try await with(server) { terminal async throws in
        server.push(#"{"event":"session_ended"}"#)
        #expect(try await terminal.sees("the session has ended: log in again: auth USER PASSWORD\r\n"))
        #expect(try await terminal.sees("connected again\r\n"))
        terminal.type("inbox\r")
        #expect(await server.hears("inbox"))
        terminal.type("auth arini hehe\r")
        #expect(try await terminal.sees("username arini logged in"))
        server.push(StandInInbox.event(9))
        #expect(try await terminal.sees("Gary Lineker (lineker): 9\r\n"))
      }
    }
  }
}
