// Owns: that the attackers' tool works, and can find something.
// Must never: judge times: tests share the machine.
// Runs on: swift-testing; each run is the `attack` program with processes of its own.
import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import attack

@Suite(.serialized) struct AttackRunTests {
  /// What `attack --json` prints, as far as it is looked at here.
  private struct Outcome: Decodable {
    struct Line: Decodable {
      let attack: String
      let answers: [String: Int]
      let findings: [String]
      let times: [String: Times]
    }
    struct Times: Decodable {
      let count: Int
    }
    let lines: [Line]
    let undisturbed: [String: Times]
  }

  private func attack(_ arguments: String...) throws -> (outcome: Outcome, status: Int32) {
    let folder = try TestFolder()
    let process = try TestProcess(
      builtProgram("attack"),
      // The other tests are a load of their own: nothing is refused for it.
      ["--json", "--ignore-times", "--scrypt-log2n", "4", "--kabar", kabarProgram, "--serve=--shed-after", "--serve=0"]
        + arguments,
      environment: ["TMPDIR": folder.path], output: "\(folder.path)/out")
    let status = process.waitUntilExit()
    guard let outcome = try? JSONDecoder().decode(Outcome.self, from: Data(process.text.utf8)) else {
      throw TestFailure("attack ended with \(status): \(process.text)")
    }
    return (outcome, status)
  }

  @Test func `short attacks get nothing, and everybody else is served`() throws {
    let (outcome, status) = try attack(
      "--seconds", "3", "--only", "malformed", "--only", "giant-lines", "--only", "ended-session")
    #expect(outcome.lines.map(\.attack) == ["giant-lines", "malformed", "ended-session"])
    #expect(outcome.lines.flatMap(\.findings) == [])
    #expect(status == 0)
    #expect((outcome.lines.first?.answers["line_too_long"] ?? 0) > 0)
    for times in outcome.lines.map(\.times) + [outcome.undisturbed] {
      for operation in Operation.allCases { #expect((times[operation.rawValue]?.count ?? 0) > 0) }
    }
  }

  @Test func `what an attack gets is found and named`() throws {
    // A cluster that looks at every guess.
    let (outcome, status) = try attack(
      "--seconds", "2", "--only", "guess-one-account", "--serve=--login-failures", "--serve=0")
    #expect(status == 1)
    let finding = try #require(outcome.lines.first?.findings.first)
    #expect(finding.contains("guesses were looked at"))
  }

  @Test(arguments: [
    ["--only", "nonsense"], ["--target", "127.0.0.1:1"], ["--target", "localhost:1", "--redis", "redis://x"],
    ["--seconds", "0"],
  ])
  func `what can't be run is refused`(arguments: [String]) {
    #expect(throws: (any Error).self) { _ = try AttackCommand.parse(arguments) }
  }

  @Test func `every attack can be asked for by its name`() throws {
    for kind in Catalogue.all {
      let command = try AttackCommand.parse(["--only", kind.name])
      #expect(command.only == [kind.name])
    }
    #expect(Set(Catalogue.all.map { $0.name }).count == Catalogue.all.count)
  }
}
