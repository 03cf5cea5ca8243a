// Owns: what `kabar account import` says about the rows of its file.
// Must never: reach Redis.
// Runs on: any thread.
import ChatProtocol
import Testing

@testable import kabar

@Suite struct ImportRowsTests {
  private typealias Import = AccountCommand.Import

  private func rows(_ text: String) throws -> [String] {
    let records = try #require(CSVRecords.parse(text))
    return try Import.rows(records).map { "\($0.name)/\($0.password)/\($0.display)" }
  }

  private func failure(_ text: String) -> String? {
    do {
      _ = try rows(text)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `good rows`() throws {
    #expect(
      try rows("name,password,display name\narini,hehe,Arini\r\nMESSI,\"a,\"\"b\"\"\", Lionel Messi ")
        == ["arini/hehe/Arini", "messi/a,\"b\"/Lionel Messi"])
    #expect(try rows("\u{FEFF}name,password,display name\narini,hehe,Arini") == ["arini/hehe/Arini"])
    #expect(try rows("") == [])
    // Only a first row with these two names is a header.
    #expect(try rows("name,pass word,Display") == ["name/pass word/Display"])
    #expect(try rows("arini,hehe,Arini\nname,password,x").count == 2)
  }

  @Test(
    arguments: [
      ("a,b", "line 1: 3 fields are needed (name,password,display name), not 2"),
      ("a,b,c,d", "line 1: 3 fields are needed (name,password,display name), not 4"),
      ("a b,pw,A", "line 1: the first field can't be an account name"),
      ("a,pw,A\n\n,pw,B", "line 3: the first field can't be an account name"),
      ("a,pw,  ", "line 1: the display name can't be used"),
      ("a,pw,\"x\ny\"", "line 1: the display name can't be used"),
      ("a,,A", "line 1: a password has 1 to 256 bytes"),
      ("a, pw,A", "line 1: a password has no control characters and no space at its ends"),
      ("a,pw,A\nA,pw,B", "line 2: the name is that of line 1 again"),
    ])
  func `bad rows`(text: String, problem: String) {
    #expect(failure(text) == "nothing was imported; 1 rows are wrong:\n  \(problem)")
  }

  @Test func `the first ten problems are shown, all are counted`() throws {
    let message = try #require(failure((1...12).map { "u\($0)\n" }.joined()))
    #expect(message.hasPrefix("nothing was imported; 12 rows are wrong:\n  line 1: "))
    #expect(message.split(separator: "\n").count == 11)
    #expect(message.contains("line 10:") && !message.contains("line 11:"))
  }

  @Test func `a password never shows in what is printed, wherever it stands`() throws {
    #expect(try !#require(failure("a b,s3cret,A\na,s3cret ,A\na,s3cret\n")).contains("s3cret"))
    #expect(try !#require(failure("S3cret!,arini,A\ns3cret,arini,A\ns3cret,messi,M\n")).contains("3cret"))
  }
}
