// `kabar check`: whether what stands in Redis is as KeySpace promises.
// Never removes a message, and without --repair never writes.
// Async tasks.

import ArgumentParser
import RedisClient

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check what is in Redis: every key, and what must hold between keys.",
    discussion: """
      Works on a running cluster: what looks wrong is looked at again a moment later, so that a change under way is not \
      reported. Each violation comes with the redis-cli line that shows it. Notes (a lease that has ended, a message \
      that somebody wrote by hand) are no violations. Keys that don't begin with "kabar:" are not looked at.
      Exit status: 0 if every invariant holds (with --repair: now), 1 if not, 2 if the check could not be done.
      """)

  @Flag(help: "Mend what can be mended without losing a message. Keys of an unknown shape are left alone.")
  var repair = false
  @OptionGroup var redis: RedisOption

  func run() async throws {
    do {
      let address = try redis.resolved()
      let report = CheckReport(inspectCommand: address.inspectCommand, isRepairing: repair)
      try await CommandLineRedis.with(address, name: "kabar-check") { redis in
        try await Checker(reader: StateReader(redis: redis), report: report, isRepairing: repair).run()
      }
      report.printSummary()
      guard report.left == 0 else { throw ExitCode(1) }
    } catch let failure as Failure {
      throw failure.told("the check could not be done")
    }
  }
}
