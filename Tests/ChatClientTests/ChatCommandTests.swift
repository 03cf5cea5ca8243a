// Owns: the table of what typed lines mean, and of how input is cut into lines.
// Must never: run a program or open a socket.
// Runs on: any.
import Testing
import kabar

@Suite struct ChatCommandTests {
  static let token = "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"
  static let other = "0B9D5E1C-0000-4a57-9c1e-6a5d3a0c7b11"

  static let commandsWithoutToken: [(String, ChatCommand)] = [
    ("", .nothing), (" \t ", .nothing), ("help", .help), (" quit ", .quit), ("exit", .quit),
    ("auth arini hehe", .request(line: "auth arini hehe", .auth(user: "arini"))),
    ("auth", .request(line: "auth", .auth(user: ""))),
    ("  send messi halo  dunia ", .request(line: "send messi halo  dunia ", .send(to: "messi"))),
    ("send", .request(line: "send", .send(to: ""))),
    ("inbox", .request(line: "inbox", .inbox)),
    ("user_aktif", .request(line: "user_aktif", .activeUsers)),
    ("logout", .request(line: "logout", .logout)),
    ("ping", .request(line: "ping", .other)),
    ("INBOX", .request(line: "INBOX", .inbox)),
    ("Quit", .quit),
    ("@id=7 send messi hi", .request(line: "@id=7 send messi hi", .other)),
  ]

  @Test(arguments: commandsWithoutToken)
  func withoutToken(_ typed: String, _ command: ChatCommand) {
    #expect(ChatCommand(typed: typed, token: nil) == command)
  }

  static let commandsWithToken: [(String, ChatCommand)] = [
    ("send messi halo  dunia", .request(line: "send \(token) messi halo  dunia", .send(to: "messi"))),
    ("send \(other) messi hi", .request(line: "send \(other) messi hi", .send(to: "messi"))),
    ("send \(other)", .request(line: "send \(other)", .send(to: ""))),
    ("inbox", .request(line: "inbox \(token)", .inbox)),
    ("inbox \(other)", .request(line: "inbox \(other)", .inbox)),
    ("user_aktif ", .request(line: "user_aktif \(token) ", .activeUsers)),
    ("logout", .request(line: "logout \(token)", .logout)),
    ("LogOut", .request(line: "LogOut \(token)", .logout)),
    ("auth messi surabaya", .request(line: "auth messi surabaya", .auth(user: "messi"))),
    ("ping", .request(line: "ping", .other)),
  ]

  @Test(arguments: commandsWithToken)
  func withToken(_ typed: String, _ command: ChatCommand) {
    #expect(ChatCommand(typed: typed, token: Self.token) == command)
  }

  static let inputs: [(String, [ChatInputLine])] = [
    ("", []), ("a", [.text("a")]), ("a\n", [.text("a")]),
    ("a\r\nb\n\nc", [.text("a"), .text("b"), .text(""), .text("c")]),
    ("a\rb\r\r\n", [.text("a\rb\r")]), ("halo 😀\n", [.text("halo 😀")]),
  ]

  @Test(arguments: inputs)
  func inputLines(_ input: String, _ expected: [ChatInputLine]) {
    for size in 1...max(input.utf8.count, 1) {
      var lines = ChatInputLines()
      var found: [ChatInputLine] = []
      var rest = Array(input.utf8)[...]
      while !rest.isEmpty {
        found += lines.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      if let last = lines.finish() { found.append(last) }
      #expect(found == expected, "read \(size) bytes at a time")
    }
  }

  @Test func linesThatCannotBeUsedAreNamedAndTheNextOneIsFine() {
    let full = [UInt8](repeating: UInt8(ascii: "x"), count: 8192)
    let newline = UInt8(ascii: "\n")
    var lines = ChatInputLines()
    #expect(lines.append(full + [newline]) == [.text(String(decoding: full, as: UTF8.self))])
    #expect(lines.append(full + [UInt8(ascii: "\r"), newline]) == [.text(String(decoding: full, as: UTF8.self))])
    #expect(lines.append(full + full[0..<2] + [newline]) == [.tooLong])
    #expect(lines.append(full + full + full) == [])
    #expect(lines.append([newline, UInt8(ascii: "a"), newline]) == [.tooLong, .text("a")])
    #expect(lines.append([0x61, 0xFF, newline, 0xC3, newline, UInt8(ascii: "b")]) == [.notUTF8, .notUTF8])
    #expect(lines.finish() == .text("b"))
    #expect(lines.finish() == nil)
  }
}
