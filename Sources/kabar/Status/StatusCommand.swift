// `kabar status`: how the cluster and its Redis stand, and what somebody should do.
// Never writes to Redis.
// Async tasks.

import ArgumentParser
import Foundation
import RedisClient

/// Prints one look, or shows look after look. `--json` prints one object:
///
///     {"ok": false, "status": {"at": …, "nodes": […], "redis": {…}, "totals": {…}}, "warnings": [{"code": …, "text": …}]}
///
/// Names and units of its members: `StatusFacts` (in snake case), codes: `StatusWarning.Code`. Members may be added, none
/// of these will change.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show nodes, Redis, totals, and warnings that say what to do.",
    discussion: """
      Reads Redis alone. Connections and messages per second are what each node has noted when it renewed its lease, \
      every two seconds.
      Exit status: 0 without warnings, 1 with, 2 if Redis could not be asked.
      """)

  @Flag(help: "Print a JSON object with stable names.") var json = false
  @Flag(help: "Keep showing it on the terminal, each second, until q or Ctrl-C.") var watch = false
  @Flag(help: "Also count the waiting messages and the sessions, account by account.") var full = false
  @OptionGroup var redis: RedisOption

  func validate() throws {
    if watch, json || full { throw ValidationError("--watch goes without --json and --full") }
  }

  func run() async throws {
    do { try await show(try redis.resolved()) } catch let failure as Failure {
      throw failure.told("Redis could not be asked")
    }
  }

  private func show(_ address: RedisAddress) async throws {
    if watch {
      guard isatty(STDOUT_FILENO) == 1, RawTerminal.isCapable, let terminal = RawTerminal(isFullScreen: true) else {
        let advice = "without one: kabar status, or kabar status --json"
        FileHandle.standardError.write(
          Data("Error: --watch needs a terminal, and TERM to say which; \(advice)\n".utf8))
        throw ExitCode(2)
      }
      return try await StatusWatch(address: address, terminal: terminal).run()
    }
    let facts = try await CommandLineRedis.with(address, name: "kabar-status", acceptsReplica: true) { redis in
      let reader = StatusReader(redis: redis)
      var facts = try await reader.facts()
      if full { try await reader.count(into: &facts.totals) }
      return facts
    }
    let warnings = StatusJudge(redisCLI: address.inspectCommand).warnings(facts)
    let page = StatusPage(facts: facts, warnings: warnings)
    print(json ? try Self.json(facts, warnings) : page.lines.joined(separator: "\n"))
    if !warnings.isEmpty { throw ExitCode(1) }
  }

  /// What `--json` prints.
  static func json(_ facts: StatusFacts, _ warnings: [StatusWarning]) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let report = StatusReport(ok: warnings.isEmpty, status: facts, warnings: warnings)
    return String(decoding: try encoder.encode(report), as: UTF8.self)
  }
}
