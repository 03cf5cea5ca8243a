// Owns: one run of `kabar status` or `kabar explain`, as an operator starts it, and what it says.
// Must never: look into the program: exit status and printed lines are all there is.
// Runs on: any thread; one test owns it.
import Foundation
import TestSupport

/// A finished command.
struct KabarRun: CustomStringConvertible {
  let status: Int32
  let output: String

  init(_ redis: RedisServer, _ words: String...) throws { try self.init(url: redis.url, words) }

  init(url: String, _ words: [String]) throws {
    let folder = try TestFolder()
    let process = try TestProcess(
      kabarProgram, words, environment: ["KABAR_REDIS": url, "TERM": "xterm"], output: "\(folder.path)/out")
    status = process.waitUntilExit()
    output = process.text
  }

  var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
  /// What `kabar status` warns of.
  var warnings: [String] {
    lines.filter { $0.hasPrefix("warning: ") }.map { String($0.dropFirst("warning: ".count)) }
  }
  /// What `kabar status --json` prints.
  func json() throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
      throw TestFailure("no JSON object: \(output)")
    }
    return object
  }

  var description: String { "status \(status)\n\(output)" }
}

extension RedisServer {
  /// One that gives no reason for a warning.
  static func sound(_ options: String...) async throws -> RedisServer {
    try await RedisServer(["--appendfsync", "everysec"] + options)
  }
}
