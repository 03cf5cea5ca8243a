// Owns: the table of lines that change a password: every password that `auth` can carry, and no other.
// Must never: need a server.
// Runs on: any thread.
import ChatProtocol
import Testing

@Suite struct PasswdParserTests {
  @Test(arguments: [
    ("passwd old new", "passwd <old> <new>"), (" PASSWD  old  new ", "passwd <old> <new>"),
    (#"passwd "my old one" new"#, "passwd <my old one> <new>"), (#"passwd old "a b""#, "passwd <old> <a b>"),
    (#"passwd "a \"b\" \\ c" "d  e""#, #"passwd <a "b" \ c> <d  e>"#), (#"passwd a"b c\d"#, #"passwd <a"b> <c\d>"#),
    (#"passwd "é" "🙂""#, "passwd <é> <🙂>"), (#"passwd " x" new"#, "passwd < x> <new>"),
    ("passwd", "missing_argument"), ("passwd old", "missing_argument"), (#"passwd "old new"#, "unexpected_argument"),
    (#"passwd old "new\""#, "unexpected_argument"), (#"passwd old "new"x"#, "unexpected_argument"),
    (#"passwd old "new\"#, "unexpected_argument"), ("passwd my old one", "unexpected_argument"),
    (#"passwd "" new"#, "auth_failed"), (#"passwd old """#, "invalid_password"),
    (#"passwd old " x""#, "invalid_password"),
    (#"passwd old "x ""#, "invalid_password"), ("@id=1 passwd old new", "passwd <old> <new>"),
  ])
  func `what the parser makes of it`(line: String, expected: String) {
    #expect(outcome(of: line) == expected)
  }

  @Test func `at most 256 bytes`() {
    let longest = String(repeating: "p", count: 256)
    #expect(outcome(of: "passwd \(longest) \(longest)") == "passwd <\(longest)> <\(longest)>")
    #expect(outcome(of: "passwd \(longest)p new") == "auth_failed")
    #expect(outcome(of: "passwd old \(longest)p") == "invalid_password")
  }

  @Test func `what was typed does not come back`() {
    #expect(
      throws: Refusal(
        .unexpectedArgument, "a password with spaces stands in double quotes; usage: passwd OLD NEW")
    ) { try CommandParser.parse(Array("passwd my s3cret one".utf8)) }
  }
}
