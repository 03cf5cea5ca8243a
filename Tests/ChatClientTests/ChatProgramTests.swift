// Owns: proof of the whole terminal client: the built program, in a pipe and on a pseudo-terminal.
// Must never: repeat the tables of ChatTranscriptTests; here only what the program adds is tested.
// Runs on: the test's task.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ChatProgramTests {
  static let token = "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"

  static let script: ScriptedServer.Script = { line in
    switch line.split(separator: " ").first {
    case "auth":
      line.hasSuffix(" hehe")
        ? [.reply(#"{"status":"OK","tokenid":"\#(token)"}"#)]
        : [.reply(#"{"status":"ERROR","message":"wrong user or password","code":"bad_credentials"}"#)]
    case "send": [.reply(#"{"status":"OK","message":"Message Sent"}"#)]
    case "ping": [.reply(#"{"status":"OK","message":"pong"}"#)]
    case "drop": [.text(#"{"status":"O"#), .pause(milliseconds: 5), .close]
    case "later": [.reply(#"{"status":"OK","message":"soon"}"#), .pause(milliseconds: 100), .close]
    case "quit": [.reply(#"{"status":"OK","message":"bye"}"#), .close]
    default: [.reply(#"{"status":"ERROR","message":"unknown command","code":"unknown_command"}"#)]
    }
  }

  @Test func aPipeIsCarriedOutInOrderAndEndsWithQuit() async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      let input = "auth arini hehe\r\n\nsend messi halo dunia\nhelp\nping"
      let run = try await ChatProgram.run(port: server.port, input: Array(input.utf8))
      #expect(run.status == 0)
      #expect(run.errors == "")
      let lines = run.output.split(separator: "\n").map(String.init)
      #expect(lines.first == "username arini logged in, token: \(Self.token)")
      #expect(lines.dropFirst().first == "message send to messi")
      #expect(lines.last == "pong")
      #expect(server.received == ["auth arini hehe", "send \(Self.token) messi halo dunia", "ping", "quit"])
    }
  }

  @Test func aRefusalInAPipeGoesOnAndFailsInTheEnd() async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      let tooLong = String(repeating: "x", count: 10_000)
      let input = Array("nonsense\n\(tooLong)\n".utf8) + [0xFF, 0x0A] + Array("ping\nexit\nping\n".utf8)
      let run = try await ChatProgram.run(port: server.port, input: input)
      #expect(run.status == 1)
      #expect(run.output == "pong\n")
      #expect(
        run.errors == """
          error: unknown command (unknown_command)
          error: the line is too long: at most 8192 bytes are possible (not_sent)
          error: the line is not UTF-8 (not_sent)

          """)
      #expect(server.received == ["nonsense", "ping", "quit"])
    }
  }

  @Test func aLostConnectionEndsAPipe() async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      let run = try await ChatProgram.run(port: server.port, input: Array("ping\ndrop\nping\n".utf8))
      #expect(run.status == 1)
      #expect(run.output == "pong\n")
      #expect(run.errors == "error: the server closed the connection (connection_closed)\n")
      #expect(server.received == ["ping", "drop"])
    }
  }

  @Test func aCloseIsSaidWithoutWaitingForTheNextLine() async throws {
    try await ScriptedServer.with(greeting: [.pause(milliseconds: 50), .close], script: Self.script) { server in
      let run = try await ChatProgram.runWithOpenInput(port: server.port)
      #expect(run.status == 1)
      #expect(run.errors == "error: the server closed the connection (connection_closed)\n")
    }
  }

  @Test func anUnreachableServerIsOneLine() async throws {
    let port = try TCPSocket.freePort()
    let run = try await ChatProgram.run(port: port, input: [])
    #expect(run.status == 1)
    #expect(run.output == "")
    let expected = "error: cannot connect to 127.0.0.1 port \(port): no server listens there (connection refused)"
    #expect(run.errors == expected + " (could_not_connect)\n")
  }

  @Test func aUserNeedsATerminal() async throws {
    let run = try await ChatProgram.run(port: 1, input: [], arguments: ["arini"])
    #expect(run.status != 0)
    #expect(run.errors.contains("auth USER PASSWORD"))
  }

  @Test func aPersonLogsInUnseenAndConverses() async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      try await ChatProgram.onTerminal(port: server.port, arguments: ["arini"]) { terminal async throws in
        #expect(try await terminal.sees("password for arini: "))
        try await untilHidden(terminal)
        terminal.type("wrong\n")
        #expect(try await terminal.sees("error: wrong user or password (bad_credentials)"))
        try await untilHidden(terminal)
        terminal.type("hehe\n")
        #expect(try await terminal.sees("username arini logged in, token: \(Self.token)\r\n> "))
        #expect(terminal.echoes)
        #expect(!terminal.seen.contains("hehe") && !terminal.seen.contains("wrong\r"))
        terminal.type("send messi halo\n")
        #expect(try await terminal.sees("message send to messi\r\n> "))
        terminal.type("nonsense\n")
        #expect(try await terminal.sees("error: unknown command (unknown_command)\r\n> "))
        terminal.type("exit\n")
        #expect(try await terminal.ended() == 0)
        #expect(server.received.last == "quit")
      }
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalDuringTheQuestionRestoresTheTerminal(_ number: CInt) async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      try await ChatProgram.onTerminal(port: server.port, arguments: ["arini"]) { terminal async throws in
        #expect(try await terminal.sees("password for arini: "))
        try await untilHidden(terminal)
        terminal.signal(number)
        #expect(try await terminal.ended() == -number)
        #expect(terminal.echoes)
      }
    }
  }

  @Test func aCloseAtThePromptIsSaidAtOnce() async throws {
    try await ScriptedServer.with(script: Self.script) { server in
      try await ChatProgram.onTerminal(port: server.port, arguments: []) { terminal async throws in
        #expect(try await terminal.sees("> "))
        terminal.type("later\n")
        #expect(try await terminal.sees("> \r\nerror: the server closed the connection (connection_closed)\r\n"))
        #expect(try await terminal.ended() == 1)
      }
    }
  }

  /// The question is printed just before the echo goes off.
  private func untilHidden(_ terminal: ChatProgram.Terminal) async throws {
    for _ in 0..<1000 where terminal.echoes { try await Task.sleep(for: .milliseconds(5)) }
    #expect(!terminal.echoes)
  }
}
