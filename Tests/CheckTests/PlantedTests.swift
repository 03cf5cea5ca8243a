// Owns: that the check finds every kind of violation, shows it, and mends what it may mend.
// Must never: plant what the table does not name.
// Runs on: swift-testing; each case has a Redis of its own.
import ChatState
import Foundation
import TestSupport
import Testing

@Suite struct PlantedTests {
  private func redis(_ commands: [[String]]) async throws -> RedisServer {
    // Redis 7 answers DEBUG only when told to.
    let redis = try await RedisServer("--enable-debug-command", "local")
    try redis.importAccounts(["arini", "lineker"])
    for command in commands { try redis.shell(command) }
    return redis
  }

  @Test func `the table has every kind`() {
    #expect(Set(Planted.all.map(\.kind)) == Set(Violation.Kind.allCases))
  }

  @Test(arguments: Planted.all)
  func `is found once, its line shows it, and repair does what it may`(planted: Planted) async throws {
    let redis = try await redis(planted.commands)
    let run = try CheckRun(redis)
    #expect(run.status == 1, "\(run)")
    #expect(run.violations.count == 1 && run.evidence.count == 1, "\(run)")
    #expect(run.violations.first?.contains(planted.words) == true, "\(run)")
    #expect(run.lines.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 } }, "a control character reaches the terminal")
    #expect(try CheckRun.shell(try #require(run.evidence.first)) == planted.shown, "\(run)")

    let before = try redis.contents()
    let repair = try CheckRun(redis, "--repair")
    #expect(repair.violations.count == 1, "\(repair)")
    #expect(repair.status == (planted.isRepaired ? 0 : 1), "\(repair)")
    #expect(repair.lines.contains { $0.hasPrefix("  repaired: ") } == planted.isRepaired, "\(repair)")
    let again = try CheckRun(redis)
    #expect(again.status == (planted.isRepaired ? 0 : 1), "\(again)")
    #expect(again.violations.isEmpty == planted.isRepaired, "\(again)")
    if !planted.isRepaired { #expect(try redis.contents() == before, "what can't be mended was changed") }
  }

  @Test(arguments: [
    // The end of a session that nobody used any more; its entry goes with the next login.
    [["ZADD", "kabar:{u:arini}:sessions", "1", String(repeating: "ab", count: 32)]],
    [["ZADD", "kabar:{u:arini}:blocked", "0", "lineker"], ["ZADD", "kabar:{u:lineker}:blockers", "0", "arini"]],
    [["SET", "other:application", "x"], ["SET", "kabarkey", "x"]],
    [["SET", "kabar:{u:arini}:once:lineker:x", "OK", "PX", "600000"]],
    [
      ["HSET", "kabar:{u:arini}:account", "disabled", "now"],
      ["RENAME", "kabar:{u:arini}:inbox", "kabar:{u:arini}:inbox:disabled"],
    ],
    [
      ["LSET", "kabar:{u:arini}:inbox", "0", "5"], ["RPUSH", "kabar:{u:arini}:inbox", #"{"from":"ops","msg":"x"}"#],
      ["HSET", "kabar:{u:arini}:reading", "shown", "6", "confirmed", "6", "n1-01234567/0", "5 1763800000000"],
    ],
  ])
  func `is no violation`(commands: [[String]]) async throws {
    let run = try CheckRun(try await redis(commands))
    #expect(run.status == 0 && run.violations.isEmpty && run.notes.isEmpty, "\(run)")
    #expect(run.summary.contains("every invariant holds"), "\(run)")
  }

  @Test(arguments: [
    ([["RPUSH", "kabar:{u:arini}:inbox", "by hand", "{}"]], "holds 2 elements", "by hand"),
    ([["ZADD", "kabar:nodes", "1000", "n1-0123abcd"]], "the lease of a node ended", "1000"),
  ])
  func `is a note, not a violation`(commands: [[String]], words: String, shown: String) async throws {
    let redis = try await redis(commands)
    let run = try CheckRun(redis)
    #expect(run.status == 0 && run.violations.isEmpty, "\(run)")
    #expect(run.notes.count == 1 && run.notes[0].contains(words), "\(run)")
    #expect(try CheckRun.shell(try #require(run.evidence.first)) == shown)
  }

  @Test func `an inbox that is made again goes on counting behind what was shown, and keeps every element`()
    async throws
  {
    let redis = try await redis([
      ["HSET", "kabar:{u:arini}:reading", "shown", "41"], ["DEL", "kabar:{u:arini}:inbox"],
      ["LSET", "kabar:{u:lineker}:inbox", "0", "first"], ["RPUSH", "kabar:{u:lineker}:inbox", "second"],
    ])
    let repair = try CheckRun(redis, "--repair")
    #expect(repair.status == 0, "\(repair)")
    #expect(try redis.shell("LRANGE", "kabar:{u:arini}:inbox", "0", "-1") == "41")
    #expect(try redis.shell("LRANGE", "kabar:{u:lineker}:inbox", "0", "-1") == "0\nfirst\nsecond")
  }

  @Test func `many violations are all found and mended`() async throws {
    let redis = try await redis([])
    let script = "for i=1,5200 do redis.call('ZADD','kabar:active',1,'user'..i) end"
    try redis.shell(["EVAL", script, "0"])
    let repair = try CheckRun(redis, "--repair")
    #expect(repair.summary.contains("5200 violations, 5200 repaired, 0 left"), "\(repair.summary)")
    #expect(try redis.shell("EXISTS", "kabar:active") == "0")
  }
}

extension RedisServer {
  /// A digest of all keys and values.
  fileprivate func contents() throws -> String { try shell("DEBUG", "DIGEST") }
}
