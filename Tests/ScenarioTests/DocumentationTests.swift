// Owns: that the examples of the documentation are true, and its lists complete.
// Must never: repeat an example: the page is what is run.
// Runs on: swift-testing.
import ChatProtocol
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct DocumentationTests {
  /// A node with the accounts that the pages speak of.
  private func node() async throws -> (RedisServer, ChatNode) {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let accounts = [
      "arini,hehe,Arini", "lineker,surabaya,Gary Lineker", "messi,surabaya,Lionel Messi",
      "henderson,surabaya,Jordan Henderson",
    ]
    let file = "\(folder.path)/accounts.csv"
    try (accounts.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let added = try TestProcess(
      kabarProgram, ["account", "import", file, "--scrypt-log2n", "2", "--redis", redis.url],
      output: "\(folder.path)/out")
    #expect(added.waitUntilExit() == 0, "\(added.text)")
    return (redis, try await ChatNode("n1", redis: redis))
  }

  @Test func `every example of the protocol is answered as the page says`() async throws {
    let (_, node) = try await node()
    var page = try DocumentedPage("Protocol.md")
    var clients: [String: LineClient] = [:]
    var current = ""
    var count = 0
    for line in page.examples(in: "chat").joined() {
      if let start = line.firstMatch(of: /^(\w+)> (.*)$/) {
        current = String(start.output.1)
        for (name, client) in clients { #expect(!client.hears(withinMilliseconds: 0), "\(name) before: \(line)") }
        if clients[current] == nil { clients[current] = try node.connect() }
        try clients[current]?.send(page.request(String(start.output.2)))
        continue
      }
      var shown = line
      if let event = line.firstMatch(of: /^(\w+)< (.*)$/) {
        (current, shown) = (String(event.output.1), String(event.output.2))
      }
      let answer = try #require(try await clients[current]?.awaitReply(), "\(line)").description
      let isShown = page.shows(shown, for: answer)
      #expect(isShown, "\(current) got\n\(answer)\nnot\n\(line)")
      count += 1
      if answer.contains("\"bye\"") { clients[current] = nil }
    }
    #expect(count > 45, "\(count)")
  }

  @Test func `the page names every command, every code and every event`() throws {
    let page = try DocumentedPage("Protocol.md")
    let cells = page.firstCells
    for code in Refusal.Code.allCases { #expect(cells.contains(code.rawValue), "\(code)") }
    for word in CommandWord.allCases {
      #expect(page.text.contains("`\(word.text)") || page.text.contains("> \(word.text)"), "\(word)")
    }
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/ChatProtocol/Event.swift")
    let events = try String(contentsOf: source, encoding: .utf8).matches(of: /\\"event\\":\\"(\w+)\\"/)
    #expect(events.count > 5)
    for event in events { #expect(cells.contains(String(event.output.1)), "\(event.output.1)") }
    let closing = page.text.matches(of: /\| `(\w+)` \|[^|]*\| closes/).map { String($0.output.1) }
    #expect(Set(closing) == Set(Refusal.Code.allCases.filter(\.closes).map(\.rawValue)))
  }

  @Test func `every recipe for redis-cli prints what the page says`() async throws {
    let (redis, node) = try await node()
    let arini = try node.login("arini", "hehe")
    let lineker = try node.login("lineker", "surabaya")
    #expect(try arini.request("send messi halo").isOK)
    #expect(try await eventually { try redis.cli("ZCARD", "kabar:active").hasPrefix("2") })
    var page = try DocumentedPage("State.md")
    let lines = page.examples(in: "redis").joined()
    var rest = lines[...]
    var count = 0
    while let command = rest.popFirst() {
      #expect(command.hasPrefix("redis-cli "), "\(command)")
      let shown = rest.prefix { !$0.hasPrefix("redis-cli ") }
      rest = rest.dropFirst(shown.count)
      let folder = try TestFolder()
      let shell = try TestProcess(
        "bash", ["-c", "redis-cli() { command redis-cli -p \(redis.port) \"$@\"; }\n\(command)"],
        output: "\(folder.path)/out")
      #expect(shell.waitUntilExit() == 0)
      let printed = shell.text.trimmingCharacters(in: .newlines).components(separatedBy: "\n")
      #expect(printed.count == shown.count, "\(command): \(printed)")
      for (shown, line) in zip(shown, printed) {
        let isShown = page.shows(shown, for: line)
        #expect(isShown, "\(command): \(line)")
      }
      count += 1
    }
    #expect(count > 8)
    withExtendedLifetime(lineker) {}
  }

  @Test func `the page of the state names every key and channel of the code`() throws {
    let cells = try DocumentedPage("State.md").firstCells
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/ChatState/KeySpace.swift")
    let keys = try String(contentsOf: source, encoding: .utf8).matches(of: /\/\/\/ \| `(kabar:[^`]+)` \|/)
      .map { String($0.output.1) }
    #expect(keys.count > 15)
    #expect(Set(keys) == cells.filter { $0.hasPrefix("kabar:") })
  }
}
