// Owns: RFC 4180 as tables.
// Must never: open a file.
// Runs on: any thread.
import Testing

@testable import kabar

@Suite struct CSVRecordsTests {
  /// The fields of all records; `nil` if the text ends within quotes.
  private func fields(_ text: String) -> [[String]]? { CSVRecords.parse(text)?.map(\.fields) }

  @Test(
    arguments: [
      // RFC 4180, section 2, rule by rule.
      ("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", [["aaa", "bbb", "ccc"], ["zzz", "yyy", "xxx"]]),
      ("aaa,bbb,ccc\r\nzzz,yyy,xxx", [["aaa", "bbb", "ccc"], ["zzz", "yyy", "xxx"]]),
      (" a , b ", [[" a ", " b "]]),
      ("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx", [["aaa", "bbb", "ccc"], ["zzz", "yyy", "xxx"]]),
      ("\"aaa\",\"b\r\nbb\",\"c,cc\"\r\nzzz", [["aaa", "b\r\nbb", "c,cc"], ["zzz"]]),
      ("\"aaa\",\"b\"\"bb\",\"\"\"\"", [["aaa", "b\"bb", "\""]]),
      // Line ends of all systems; empty lines are nothing.
      ("a\nb\rc\r\nd", [["a"], ["b"], ["c"], ["d"]]),
      ("\n\na,b\n\n\r\n\rc\n\n", [["a", "b"], ["c"]]),
      ("", []), ("\n", []), ("\"\"\n", []),
      (",", [["", ""]]), (",,\n", [["", "", ""]]), ("a,\"\",c", [["a", "", "c"]]),
      // A quote that does not begin a field is a letter.
      ("a\"b,c\"", [["a\"b", "c\""]]),
      // Marks that join with a comma or a quote to one letter of text, and line ends that are none to RFC 4180.
      ("a,\u{301}b,c", [["a", "\u{301}b", "c"]]),
      ("\"\u{301}b\",c", [["\u{301}b", "c"]]),
      ("x\u{D4E},\"y\u{D4E}\",z", [["x\u{D4E}", "y\u{D4E}", "z"]]),
      ("a\u{2028}b\u{85}c", [["a\u{2028}b\u{85}c"]]),
      // Spreadsheets begin their files with a byte order mark.
      ("\u{FEFF}name,password\na,b", [["name", "password"], ["a", "b"]]),
      ("\u{FEFF}\"a\",b", [["a", "b"]]),
    ] as [(String, [[String]])])
  func `records`(text: String, expected: [[String]]) {
    #expect(fields(text).map { $0.map { $0.map { Array($0.utf8) } } } == expected.map { $0.map { Array($0.utf8) } })
  }

  @Test(arguments: ["\"", "a,\"b", "\"a\"\"", "\"\"\"", "a\n\"b\nc,d\n"])
  func `a quote that does not end`(text: String) {
    #expect(CSVRecords.parse(text) == nil)
  }

  @Test func `each record knows the line on which it begins`() throws {
    let records = try #require(CSVRecords.parse("a\r\n\r\n\"b\r\n\nb\"\nc\rd"))
    #expect(records.map(\.line) == [1, 3, 6, 7])
  }
}
