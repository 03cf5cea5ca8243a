// Owns: that `kabar status` sees a cluster as it is, and what somebody has broken in it.
// Must never: believe the program: it is compared with what the test did.
// Runs on: swift-testing.
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct StatusCommandTests {
  private func node(_ json: [String: Any], _ index: Int = 0) throws -> [String: Any] {
    let nodes = try #require((json["status"] as? [String: Any])?["nodes"] as? [[String: Any]])
    return try #require(nodes.indices.contains(index) ? nodes[index] : nil)
  }

  private func codes(_ redis: RedisServer) throws -> [String] {
    let warnings = try KabarRun(redis, "status", "--json").json()["warnings"] as? [[String: Any]] ?? []
    return warnings.compactMap { $0["code"] as? String }
  }

  @Test func `a sound cluster: its nodes, its connections, its rate, its totals`() async throws {
    let redis = try await RedisServer.sound()
    try await redis.addAccounts("arini", "lineker", "messi")
    let node = try await ChatNode("a", redis: redis)
    let arini = try node.login("arini")
    let others = [try node.login("lineker"), try node.connect()]
    // Twenty messages a second at most; what a slow machine makes of it, the count at the end says.
    let isOver = Atomic(false)
    let stored = Atomic(0)
    nonisolated(unsafe) let client = arini
    let sender = Thread {
      while !isOver.load(ordering: .relaxed) {
        if (try? client.request("send lineker piye kabare").isOK) == true { stored.add(1, ordering: .relaxed) }
        usleep(50_000)
      }
    }
    sender.start()
    let isMeasured = try await eventually(within: 8) {
      let rate = try self.node(KabarRun(redis, "status", "--json").json())["messages_per_second"] as? Double
      return (2...25).contains(try #require(rate))
    }
    isOver.store(true, ordering: .relaxed)
    #expect(isMeasured)
    let hasEnded = await eventually(within: 3) { sender.isFinished }
    #expect(hasEnded)
    let count = stored.load(ordering: .relaxed)
    #expect(count > 5)
    #expect(try arini.request("send nobody x").code == "unknown_user")
    // The next renewal of the lease says so.
    let isCounted = try await eventually(within: 6) {
      try self.node(KabarRun(redis, "status", "--json").json())["messages"] as? Int == count
    }
    #expect(isCounted)
    let run = try KabarRun(redis, "status", "--json")
    #expect(run.status == 0, "\(run)")
    let json = try run.json()
    #expect(json["ok"] as? Bool == true)
    let facts = try self.node(json)
    #expect(facts["name"] as? String == "a" && facts["port"] as? Int == node.port)
    #expect(facts["pid"] as? Int == Int(node.process.pid))
    #expect(node.log.contains("http=\(try #require(facts["http"] as? String)) "))
    #expect(facts["connections"] as? Int == 3 && facts["users"] as? Int == 2)
    #expect((3000...6000).contains(try #require(facts["lease_ms"] as? Int)))
    #expect((-1000...1000).contains(try #require(facts["clock_ahead_ms"] as? Int)))
    #expect((0...60).contains(try #require(facts["uptime_seconds"] as? Int)))
    let totals = try #require((json["status"] as? [String: Any])?["totals"] as? [String: Any])
    #expect(totals["accounts"] as? Int == 3 && totals["active_users"] as? Int == 2)
    #expect(totals["waiting_messages"] == nil)

    let full = try KabarRun(redis, "status", "--full")
    #expect(full.status == 0 && full.lines.contains("no warnings"), "\(full)")
    #expect(
      full.output.contains("3 accounts, 2 active users, 3 connections, \(count) messages waiting, 2 sessions"),
      "\(full)")
    #expect(!full.output.contains("piye"))
    let isQuiet = try await eventually(within: 6) {
      try self.node(KabarRun(redis, "status", "--json").json())["messages_per_second"] as? Double == 0
    }
    #expect(isQuiet)
    withExtendedLifetime(others) {}
  }

  @Test func `a killed node, its lease, and that nobody is left`() async throws {
    let redis = try await RedisServer.sound()
    #expect(try codes(redis) == ["no_node"])
    let node = try await ChatNode("a", redis: redis)
    #expect(try codes(redis) == [])
    node.process.kill()
    // Not by awaiting: it is late for three seconds only, and other tests may keep this task from its thread for as long.
    let end = ContinuousClock.now + .seconds(10 * patience)
    var seen: [[String]] = []
    while seen.last != ["no_node", "node_lease_ended"], ContinuousClock.now < end {
      seen.append(try codes(redis))
      usleep(20_000)
    }
    #expect(seen.contains(["node_late"]))
    #expect(seen.last == ["no_node", "node_lease_ended"])
    let run = try KabarRun(redis, "status")
    #expect(run.status == 1 && run.warnings.count == 2, "\(run)")
    #expect(run.warnings[1].contains("pid \(node.process.pid)"), "\(run)")
    let next = try await ChatNode("b", redis: redis)
    let isRemoved = try await eventually(within: 20) { try codes(redis) == [] }
    #expect(isRemoved)
    withExtendedLifetime(next) {}
  }

  @Test func `settings of Redis that lose messages, and memory that ends`() async throws {
    let redis = try await RedisServer.sound()
    let node = try await ChatNode("a", redis: redis)
    func broken(_ setting: String, _ value: String, back: String) throws -> [String] {
      #expect(try redis.cli("CONFIG", "SET", setting, value) == "OK")
      defer { _ = try? redis.cli("CONFIG", "SET", setting, back) }
      return try codes(redis)
    }
    #expect(try broken("maxmemory-policy", "allkeys-lru", back: "noeviction") == ["maxmemory_policy"])
    #expect(try broken("appendfsync", "no", back: "everysec") == ["append_not_synced"])
    #expect(try broken("maxmemory", "1200000", back: "0") == ["memory"])
    #expect(try broken("min-replicas-to-write", "1", back: "0") == ["replicas_too_few"])
    #expect(try broken("appendonly", "no", back: "yes") == ["persistence_off"])
    // What `appendonly yes` has begun must have ended before the next look.
    let isOn = try await eventually(within: 5) {
      try redis.cli("INFO", "persistence").contains("aof_rewrite_in_progress:0") && codes(redis) == []
    }
    #expect(isOn)
    _ = try redis.cli("CONFIG", "SET", "save", "3600 1")
    #expect(try broken("appendonly", "no", back: "yes") == ["append_only_off"])
    withExtendedLifetime(node) {}
  }

  @Test func `a disk that is full`() async throws {
    let (folder, port) = (try TestFolder(), try TCPSocket.freePort())
    // A limit on the size of a file is what a full disk is to Redis, if the signal that comes with it is ignored.
    let command = """
      trap '' XFSZ; ulimit -f 400
      exec redis-server --port \(port) --bind 127.0.0.1 --dir \(folder.path) --save '' --appendonly yes
      """
    let redis = try TestProcess("sh", ["-c", command], output: "\(folder.path)/out")
    func cli(_ words: String...) throws -> String {
      let cli = try TestProcess("redis-cli", ["-p", "\(port)"] + words, output: "\(folder.path)/cli")
      cli.waitUntilExit()
      return cli.text
    }
    let isUp = try await eventually { try cli("PING") == "PONG\n" }
    #expect(isUp, "\(redis.text)")
    let isFull = try await eventually(within: 20) {
      try cli("SET", "filler", String(repeating: "x", count: 50_000)).contains("MISCONF")
    }
    #expect(isFull)
    let run = try KabarRun(url: "redis://127.0.0.1:\(port)", ["status"])
    #expect(run.status == 1 && run.warnings.count == 2, "\(run)")
    #expect(run.warnings.first?.hasPrefix("Redis could not write to its append-only file") == true, "\(run)")
    #expect(run.output.contains("synced everysec, write FAILED"), "\(run)")
  }

  @Test func `a node of another version, and one that is older than its counters`() async throws {
    let redis = try await RedisServer.sound()
    let (a, b) = (try await ChatNode("a", redis: redis), try await ChatNode("b", redis: redis))
    let id = try #require(
      redis.cli("ZRANGE", "kabar:nodes", "0", "-1").split(separator: "\n").first { $0.hasPrefix("b-") })
    _ = try redis.cli("HSET", "kabar:node:\(id)", "version", "9.9")
    _ = try redis.cli("HDEL", "kabar:node:\(id)", "connections", "messages", "rate")
    let run = try KabarRun(redis, "status")
    #expect(run.status == 1 && run.warnings.count == 1 && run.warnings[0].contains("9.9 (b)"), "\(run)")
    withExtendedLifetime((a, b)) {}
  }

  @Test func `a replica that stands still, and a Redis that is one`() async throws {
    let redis = try await RedisServer.sound()
    let node = try await ChatNode("a", redis: redis)
    let replica = try await RedisServer.sound("--replicaof", "127.0.0.1 \(redis.port)")
    let isOnline = try await eventually(within: 10) {
      let run = try KabarRun(redis, "status")
      return run.status == 0 && run.output.contains("127.0.0.1:\(replica.port) online")
    }
    #expect(isOnline)
    let asked = try codes(replica)
    #expect(asked == ["redis_is_replica"], "\(asked)")
    replica.signal(SIGSTOP)
    let isMissed = try await eventually(within: 10) { try codes(redis) == ["replica_lags"] }
    #expect(isMissed)
    replica.signal(SIGCONT)
    let isBack = try await eventually(within: 5) { try codes(redis) == [] }
    #expect(isBack)
    withExtendedLifetime(node) {}
  }

  @Test func `a Redis that can't be asked, and one that says little`() async throws {
    let nowhere = try KabarRun(url: "redis://127.0.0.1:\(TCPSocket.freePort())", ["status", "--json"])
    #expect(nowhere.status == 2 && nowhere.output.contains("Redis could not be asked"), "\(nowhere)")
    for command in ["status", "explain", "check"] {
      let words = [command] + (command == "explain" ? ["arini"] : []) + ["--redis-password-file", "/nowhere"]
      let unread = try KabarRun(url: "redis://127.0.0.1:1", words)
      #expect(unread.status == 2 && unread.output.contains("cannot read /nowhere"), "\(unread)")
    }
    let redis = try await RedisServer.sound()
    let node = try await ChatNode("a", redis: redis)
    _ = try redis.cli(
      "ACL", "SETUSER", "looker", "on", ">pw", "~kabar:*", "+@read", "+ping", "+info", "+time", "+client")
    let url = "redis://looker:pw@127.0.0.1:\(redis.port)"
    let run = try KabarRun(url: url, ["status", "--full"])
    #expect(run.status == 0 && run.output.contains("snapshots: "), "\(run)")
    #expect(!run.output.contains("pw@"))
    withExtendedLifetime(node) {}
  }
}
