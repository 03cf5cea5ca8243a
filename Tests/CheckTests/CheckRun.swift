// Owns: one run of `kabar check`, as an operator starts it, and what it says.
// Must never: look into the program: exit status and printed lines are all there is.
// Runs on: any thread; one test owns it.
import Foundation
import TestSupport

/// A finished `kabar check`.
struct CheckRun: CustomStringConvertible {
  let status: Int32
  let lines: [String]

  /// Runs it to its end.
  init(_ redis: RedisServer, _ options: String...) throws { try self.init(url: redis.url, options) }

  init(url: String, _ options: [String] = []) throws {
    let process = try FinishedProcess([kabarProgram, "check"] + options, environment: ["KABAR_REDIS": url])
    status = process.status
    lines = process.output.split(separator: "\n").map(String.init)
  }

  /// What is wrong, in words.
  var violations: [String] { texts("violation: ") }
  /// What is worth knowing.
  var notes: [String] { texts("note: ") }
  /// The redis-cli lines.
  var evidence: [String] { lines.filter { $0.hasPrefix("  redis-cli ") }.map { String($0.dropFirst(2)) } }
  var summary: String { lines.last ?? "" }
  var description: String { "status \(status)\n" + lines.joined(separator: "\n") }

  private func texts(_ prefix: String) -> [String] {
    lines.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  /// What a shell prints when it runs a line of evidence.
  static func shell(_ line: String) throws -> String {
    try FinishedProcess(["bash", "-c", line]).output.trimmingCharacters(in: .newlines)
  }
}

extension RedisServer {
  /// Runs `redis-cli` with these words, as an operator would, and answers what it prints.
  @discardableResult
  func shell(_ words: String...) throws -> String { try shell(words) }

  /// The same with the words in an array.
  @discardableResult
  func shell(_ words: [String]) throws -> String {
    let cli = try FinishedProcess(["redis-cli", "-p", "\(port)"] + words)
    return cli.output.trimmingCharacters(in: .newlines)
  }

  /// Imports accounts with the password `pw`, display name `Display NAME` and cheap hashes.
  func importAccounts(_ names: [String]) throws {
    let folder = try TestFolder()
    let file = "\(folder.path)/accounts.csv"
    try names.map { "\($0),pw,Display \($0)\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    let process = try FinishedProcess([kabarProgram, "account", "import", file, "--scrypt-log2n", "2", "--redis", url])
    guard process.status == 0 else { throw TestFailure("account import: \(process.output)") }
  }
}
