// Owns: the lines of the log: their two forms, their level, and what becomes of those that repeat.
// Must never: wait: the clock is an argument.
// Runs on: any thread.
import Foundation
import Logging
import NIOCore
import Testing

@testable import kabar

@Suite struct LogTests {
  private let metadata: Logger.Metadata = ["node": "n1", "address": "a b", "text": "x=\"y\"\n\\"]

  @Test func `text is logfmt, one line whatever is in it`() {
    #expect(
      LogFormat.text.line(at: "T", .notice, "ready", ["port": "8889", "node": "n1"])
        == "time=T level=notice msg=ready node=n1 port=8889\n")
    #expect(
      LogFormat.text.line(at: "T", .warning, "no connection", metadata)
        == #"time=T level=warning msg="no connection" address="a b" node=n1 text="x=\"y\"\u000a\\""# + "\n")
    #expect(LogFormat.text.line(at: "T", .info, "", [:]) == "time=T level=info msg=\"\"\n")
  }

  @Test func `json is an object on a line`() throws {
    let line = LogFormat.json.line(at: "T", .warning, "no \"connection\"", metadata)
    #expect(line.hasSuffix("}\n") && line.dropLast().allSatisfy { $0 != "\n" })
    let fields = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    #expect(
      fields == [
        "time": "T", "level": "warning", "msg": "no \"connection\"", "node": "n1", "address": "a b",
        "text": "x=\"y\"\n\\",
      ])
  }

  @Test func `a signal steps to more detail and round to the first level`() {
    let control = LogControl(level: .notice)
    #expect((0..<4).map { _ in control.stepLevel() } == [.info, .debug, .trace, .notice])
    let loud = LogControl(level: .trace)
    #expect(loud.stepLevel() == .trace)
  }

  @Test func `a failure that repeats is written five times in ten seconds, and then with how often it was not`() {
    let control = LogControl(level: .notice)
    let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    let first = (0..<100).map { control.admit(.warning, "no connection", at: begin + .milliseconds(Int64($0))) }
    #expect(first.count { $0.isWritten } == 5 && first.prefix(5).allSatisfy { $0.isWritten && $0.suppressed == 0 })
    #expect(control.admit(.warning, "another", at: begin).isWritten)
    #expect(control.admit(.notice, "no connection", at: begin).isWritten, "what is no failure is always written")
    #expect(control.admit(.warning, "no connection", at: begin + .seconds(10)) == (true, 95))
    #expect(control.admit(.warning, "no connection", at: begin + .seconds(11)) == (true, 0))
  }
}
