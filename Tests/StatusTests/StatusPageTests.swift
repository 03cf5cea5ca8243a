// Owns: proof of what the page looks like, on paper and on terminals of all sizes.
// Must never: need a terminal.
// Runs on: swift-testing.
import Testing

@testable import kabar

@Suite struct StatusPageTests {
  private func page(_ facts: StatusFacts) -> StatusPage {
    StatusPage(facts: facts, warnings: StatusJudge(redisCLI: "redis-cli").warnings(facts))
  }

  @Test func `the printed page`() {
    var facts = soundFacts()
    facts.nodes[0].uptimeSeconds = 7300
    (facts.nodes[0].connections, facts.nodes[0].users, facts.nodes[0].messagesPerSecond) = (120, 80, 12.5)
    (facts.redis.uptimeSeconds, facts.redis.memoryBytes, facts.redis.maxmemoryBytes) = (90, 1536, 2 << 30)
    facts.nodes[0].http = "127.0.0.1:8900"
    facts.totals = TotalFacts(accounts: 4, activeUsers: 1, connections: 120, messagesPerSecond: 12.5)
    (facts.totals.waitingMessages, facts.totals.sessions) = (1, 7)
    #expect(
      page(facts).lines == [
        "Kabar at 2026-11-22T16:04:05.006Z: 2 nodes, 1 active user, 12.5 messages/s",
        "",
        "NODE        VERSION   LEASE      UP   CONN  USERS   MSG/S  HTTP",
        "a-00000001      1.0   5.2 s     2 h    120     80    12.5  127.0.0.1:8900",
        "b-00000002      1.0   5.2 s       -      -      0       -  -",
        "",
        "redis        7.0.15, primary, up 90 s, PING 0.2 ms, 14 clients of 10000",
        "memory       1.5 KiB of 2.0 GiB (0 %), policy noeviction",
        "persistence  append-only, synced everysec, write ok, rewrite ok; no snapshots",
        "replication  10.0.0.2:6379 online, heard 1 s ago, 14 B behind",
        "totals       4 accounts, 1 active user, 120 connections, 1 message waiting, 7 sessions",
        "",
        "no warnings",
      ])
  }

  @Test func `each warning is one printed line, and nothing that Redis holds moves the cursor`() {
    var facts = soundFacts()
    facts.nodes[0].id = "a\u{1B}[2J\n-1"
    facts.nodes[0].leaseMs = -1000
    facts.redis.maxmemoryPolicy = "volatile-lru"
    let lines = page(facts).lines
    #expect(lines.filter { $0.hasPrefix("warning: ") }.count == 2)
    #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } })
  }

  @Test(arguments: [(80, 24), (40, 10), (200, 60), (100, 14)])
  func `a page fits the terminal, whatever there is to say`(columns: Int, rows: Int) {
    var facts = soundFacts()
    facts.nodes = (1...40).map {
      NodeFacts(id: "a-node-with-a-name-that-goes-on-and-on-and-on-\($0)-00000001", version: "1.0", leaseMs: 5000)
    }
    for broken in [false, true] {
      if broken {
        facts.nodes[0].leaseMs = -5000
        facts.nodes[1].version = "0.9"
        (facts.redis.appendOnly, facts.redis.maxmemoryPolicy, facts.redis.memoryBytes) = (false, "allkeys-lru", 99)
      }
      let lines = page(facts).lines(columns: columns, rows: rows)
      #expect(lines.count <= rows)
      #expect(lines.allSatisfy { DisplayWidth.columns($0) < columns })
      #expect(lines.last == "q: leave" && lines[0].hasPrefix("Kabar at"))
      #expect(lines.contains { $0.hasPrefix("warning: ") } == broken)
      #expect(lines.contains { $0.hasPrefix("NODE") } || rows < 14)
    }
  }

  @Test func `on 80×24 a small cluster is all there, and many nodes are counted`() {
    let small = page(soundFacts()).lines(columns: 80, rows: 24)
    #expect(small.contains { $0.hasPrefix("b-00000002 ") } && small.contains("no warnings"))
    var facts = soundFacts()
    facts.nodes = (10...49).map { NodeFacts(id: "n-\($0)", version: "1.0", leaseMs: 5000) }
    let many = page(facts).lines(columns: 80, rows: 24)
    #expect(many.count == 24)
    let shown = many.filter { $0.hasPrefix("n-") }.count
    #expect(many.contains("… \(40 - shown) more nodes"))
  }

  @Test func `warnings are wrapped, none of their words is lost`() {
    var facts = soundFacts()
    facts.redis.maxmemoryPolicy = "allkeys-lru"
    let lines = page(facts).lines(columns: 80, rows: 24)
    let start = lines.firstIndex { $0.hasPrefix("warning: ") } ?? 0
    let text = lines[start...].prefix { !$0.isEmpty }.map { $0.trimmingPrefix("  ") }.joined(separator: " ")
    #expect(text == "warning: " + StatusJudge(redisCLI: "redis-cli").warnings(facts)[0].text)
    #expect(StatusText.wrap(String(repeating: "x", count: 25), 10) == ["xxxxxxxxxx", "  xxxxxxxx", "  xxxxxxx"])
  }

  @Test(arguments: [
    (0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d"), (-4, "0 s"),
  ])
  func `times`(_ seconds: Int, _ text: String) { #expect(StatusText.seconds(seconds) == text) }

  @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_572_864, "1.5 MiB"), (5 << 40, "5.0 TiB")])
  func `sizes`(_ bytes: Int, _ text: String) { #expect(StatusText.bytes(bytes) == text) }

  @Test func `JSON has stable names, and leaves out what is not known`() throws {
    var facts = soundFacts()
    facts.redis.maxmemoryPolicy = nil
    let text = try StatusCommand.json(facts, [StatusWarning(.memory, "full")])
    for piece in [
      #""ok" : false"#, #""code" : "memory""#, #""lease_ms" : 5200"#, #""is_leaving" : false"#, #""ping_ms" : 0.2"#,
      #""maxmemory_bytes" : 100"#, #""append_fsync" : "everysec""#, #""append_write_ok" : true"#,
      #""behind_bytes" : 14"#, #""active_users" : 0"#, #""messages_per_second" : 0"#, #""role" : "primary""#,
    ] { #expect(text.contains(piece), "\(piece) in \(text)") }
    #expect(!text.contains("maxmemory_policy") && !text.contains("null"))
  }
}
