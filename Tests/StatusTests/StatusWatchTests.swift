// Owns: that `--watch` shows the cluster as it changes, and gives the terminal back.
// Must never: fake a terminal: it is a pseudoterminal of 80×24.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct StatusWatchTests {
  @Test func `it follows what happens until q, within 80×24`() async throws {
    let redis = try await RedisServer.sound()
    let terminal = try WatchTerminal(["status", "--watch"], redis: redis, columns: 80, rows: 24)
    #expect(await terminal.shows("no node holds a lease"))
    #expect(terminal.output.hasPrefix("\u{1B}[?2004h\u{1B}[?1049h"))
    #expect(!terminal.isAsBefore)
    terminal.forget()
    let node = try await ChatNode("a", redis: redis)
    #expect(await terminal.shows("no warnings"))
    let page = terminal.page
    #expect(page.count <= 24 && page.allSatisfy { $0.count < 80 } && page.contains { $0.hasPrefix("a-") }, "\(page)")
    redis.kill()
    #expect(await terminal.shows("Redis could not be asked"))
    try await redis.start()
    terminal.forget()
    #expect(await terminal.shows("persistence  append-only, synced everysec, write ok, rewrite ok; no snapshots"))
    terminal.forget()
    terminal.type("q")
    #expect(await eventually(within: 3) { !terminal.isRunning })
    #expect(await terminal.shows("\u{1B}[?25h\u{1B}[?1049l", within: 1))
    #expect(terminal.isAsBefore && terminal.status == 0)
    withExtendedLifetime(node) {}
  }

  @Test(arguments: ["\u{3}", "q"]) func `who leaves does not wait for a Redis that hangs`(key: String) async throws {
    let redis = try await RedisServer.sound()
    let terminal = try WatchTerminal(["status", "--watch"], redis: redis, columns: 80, rows: 24)
    #expect(await terminal.shows("no node holds a lease"))
    redis.signal(SIGSTOP)
    try await Task.sleep(for: .milliseconds(1200))
    let begin = ContinuousClock.now
    terminal.type(key)
    // Not by awaiting: other tests may keep this task from its thread for longer than the program takes.
    while terminal.isRunning, begin.duration(to: .now) < .seconds(5) { usleep(10_000) }
    #expect(begin.duration(to: .now) < .seconds(2))
    redis.signal(SIGCONT)
    #expect(terminal.isAsBefore)
  }

  @Test func `a signal ends it, too, and the terminal is as before`() async throws {
    let redis = try await RedisServer.sound()
    let terminal = try WatchTerminal(["status", "--watch"], redis: redis, columns: 80, rows: 24)
    #expect(await terminal.shows("no node holds a lease"))
    terminal.signal(SIGTERM)
    #expect(await eventually(within: 3) { !terminal.isRunning })
    #expect(await terminal.shows("\u{1B}[?1049l", within: 1))
    #expect(terminal.isAsBefore)
  }

  @Test func `without a terminal it refuses in one line`() async throws {
    let redis = try await RedisServer.sound()
    let run = try KabarRun(redis, "status", "--watch")
    #expect(run.status == 2 && run.lines.count == 2 && run.output.contains("--watch needs a terminal"), "\(run)")
    #expect(try KabarRun(redis, "status", "--watch", "--json").status == 64)
  }
}
