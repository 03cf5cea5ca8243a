// Owns: the example that ChatClient's documentation shows, compiled, run, and compared with it.
// Must never: hold another text than the documentation between the marks.
// Runs on: the test's task.
import Foundation
import Synchronization
import Testing

@testable import ChatClient

@Suite(.timeLimit(.minutes(1))) struct DocumentationExample {
  /// What the documentation shows, but for the server's port and where the printed lines go.
  private func example(port: Int, print: @Sendable (String) -> Void) async throws {
    // example
    let client = try await ChatClient.connect(host: "127.0.0.1", port: port)
    try await client.login(user: "arini", password: "hehe")
    try await client.send(to: "lineker", text: "piye kabare?")
    for try await message in client.messages {
      print("\(message.senderName): \(message.text)")
      try await client.send(to: message.sender, text: "matur nuwun")
      if message.text == "wis yo" { break }
    }
    await client.confirm()
    await client.close()
    // end
  }

  @Test func theDocumentationShowsThis() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let source = tests.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/ChatClient/ChatClient.swift")
    let code = lines(
      of: try String(contentsOfFile: #filePath, encoding: .utf8), from: "    // example", to: "    // end"
    )
    .map { String($0.dropFirst(4)).replacing("port: port", with: "port: 8889") }
    let shown = lines(of: try String(contentsOf: source, encoding: .utf8), from: "/// ```swift", to: "/// ```")
      .map { String($0.dropFirst(4)) }
    #expect(!code.isEmpty && shown == code)
  }

  @Test func itDoesWhatItSays() async throws {
    let printed = Lines()
    let inbox = StandInInbox()
    try await ScriptedServer.with(script: { line in
      let steps = inbox.answer(line)
      guard line == "listen" else { return steps }
      let last = StandInInbox.event(2).replacing(#""msg":"2""#, with: #""msg":"wis yo""#)
      return steps + [.reply(StandInInbox.event(1)), .reply(last)]
    }) { server in
      try await example(port: server.port) { printed.append($0) }
      #expect(printed.all == ["Gary Lineker: 1", "Gary Lineker: wis yo"])
      #expect(server.received.count { $0.hasSuffix(" send lineker matur nuwun") } == 2)
      // Of both: whether the first one was confirmed by itself before is a matter of time.
      #expect(server.received.contains("ack 2 m2"))
    }
  }

  private func lines(of text: String, from start: String, to end: String) -> [String] {
    let lines = text.components(separatedBy: "\n")
    guard let first = lines.firstIndex(of: start), let last = lines[first...].dropFirst().firstIndex(of: end) else {
      return []
    }
    return Array(lines[(first + 1)..<last])
  }
}

private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock(\.self) }

  func append(_ line: String) { lines.withLock { $0.append(line) } }
}
