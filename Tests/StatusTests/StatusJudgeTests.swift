// Owns: proof that each fact that asks for action is warned of, once, with what to do, and no other.
// Must never: need a Redis.
// Runs on: swift-testing.
import Testing

@testable import kabar

/// A cluster with which nothing is wrong.
func soundFacts() -> StatusFacts {
  var facts = StatusFacts(at: "2026-11-22T16:04:05.006Z")
  facts.nodes = ["a-00000001", "b-00000002"].map {
    var node = NodeFacts(id: $0, name: String($0.prefix(1)), version: "1.0", leaseMs: 5200)
    (node.host, node.port, node.pid) = ("127.0.0.1", 8889, 42)
    return node
  }
  var redis = RedisFacts()
  (redis.version, redis.pingMs, redis.clients, redis.maxclients) = ("7.0.15", 0.2, 14, 10_000)
  (redis.memoryBytes, redis.maxmemoryBytes, redis.maxmemoryPolicy) = (79, 100, "noeviction")
  (redis.appendOnly, redis.appendFsync, redis.appendWriteOk, redis.appendRewriteOk) = (true, "everysec", true, true)
  (redis.snapshots, redis.snapshotOk) = (false, true)
  redis.replicas = [ReplicaFacts(address: "10.0.0.2:6379", state: "online", lagSeconds: 1, behindBytes: 14)]
  (redis.replicasWanted, redis.replicasGood) = (1, 1)
  facts.redis = redis
  return facts
}

@Suite struct StatusJudgeTests {
  typealias Change = @Sendable (inout StatusFacts) -> Void

  private func judge(_ facts: StatusFacts, knownReplicas: Set<String> = []) -> [StatusWarning] {
    StatusJudge(redisCLI: "redis-cli -p 1").warnings(facts, knownReplicas: knownReplicas)
  }

  @Test func `a sound cluster has no warning, and neither has one of which less is known`() {
    #expect(judge(soundFacts()) == [])
    var facts = soundFacts()
    facts.redis = RedisFacts()
    #expect(judge(facts) == [])
  }

  private static let cases: [(StatusWarning.Code, String, Change)] = [
    (.noNode, "no node holds a lease", { $0.nodes = [] }),
    (.nodeLeaseEnded, "a-00000001 at 127.0.0.1:8889, pid 42 ended 3 s ago", { $0.nodes[0].leaseMs = -3100 }),
    (.nodeLate, "a-00000001 at 127.0.0.1:8889, pid 42 is late: 2.9 s left", { $0.nodes[0].leaseMs = 2900 }),
    (.nodeClock, "a-00000001 is 60 min ahead of", { $0.nodes[0].clockAheadMs = 3_600_000 }),
    (.nodeClock, "a-00000001 is 2 s behind", { $0.nodes[0].clockAheadMs = -2001 }),
    (.nodeVersions, "0.9 (b), 1.0 (a)", { $0.nodes[1].version = "0.9" }),
    (
      .redisIsReplica, "replica of 10.0.0.1:6379, to which its link is down",
      {
        ($0.redis.role, $0.redis.primaryAddress, $0.redis.primaryLinkUp) = (.replica, "10.0.0.1:6379", false)
      }
    ),
    (.redisSlow, "takes 50.1 ms", { $0.redis.pingMs = 50.1 }),
    (.redisClients, "9000 of at most 10000", { $0.redis.clients = 9000 }),
    (.persistenceOff, "redis-cli -p 1 CONFIG SET appendonly yes", { $0.redis.appendOnly = false }),
    (
      .appendOnlyOff, "after the last snapshot",
      { ($0.redis.appendOnly, $0.redis.snapshots) = (false, true) }
    ),
    (.appendNotSynced, "CONFIG SET appendfsync everysec", { $0.redis.appendFsync = "no" }),
    (.appendWriteFailed, "refuses messages", { $0.redis.appendWriteOk = false }),
    (.appendRewriteFailed, "redis-cli -p 1 BGREWRITEAOF", { $0.redis.appendRewriteOk = false }),
    (.snapshotFailed, "BGSAVE", { ($0.redis.snapshots, $0.redis.snapshotOk) = (true, false) }),
    (.maxmemoryPolicy, "allkeys-lru", { $0.redis.maxmemoryPolicy = "allkeys-lru" }),
    (.memory, "80 % of its 100 B", { $0.redis.memoryBytes = 80 }),
    (.replicaNotOnline, "10.0.0.2:6379 is not online (wait_bgsave)", { $0.redis.replicas[0].state = "wait_bgsave" }),
    (.replicaLags, "silent for 6 s", { $0.redis.replicas[0].lagSeconds = 6 }),
    (.replicaLags, "2.0 MiB behind", { $0.redis.replicas[0].behindBytes = 2 << 20 }),
    (.replicasTooFew, "0 of 1 replicas", { $0.redis.replicasGood = 0 }),
  ]

  @Test(arguments: cases.indices) func `one fact makes one warning`(index: Int) {
    let (code, words, change) = Self.cases[index]
    var facts = soundFacts()
    change(&facts)
    let warnings = judge(facts)
    #expect(warnings.map(\.code) == [code])
    #expect(warnings.first?.text.contains(words) == true, "\(warnings)")
    #expect(warnings.allSatisfy { !$0.text.contains("\n") })
  }

  @Test func `what is just within its bounds is no warning`() {
    var facts = soundFacts()
    facts.nodes[0].leaseMs = 3000
    (facts.redis.pingMs, facts.redis.clients) = (50, 8999)
    (facts.redis.replicas[0].lagSeconds, facts.redis.replicas[0].behindBytes) = (5, 1 << 20)
    // Snapshots that nobody asks for may have failed, and a node that leaves is nobody's business.
    facts.redis.snapshotOk = false
    facts.nodes.append(NodeFacts(id: "c-00000003", version: "0.1", leaseMs: -1_700_000_000_000, isLeaving: true))
    #expect(judge(facts) == [])
    facts.redis.maxmemoryBytes = 0
    #expect(judge(facts) == [])
  }

  @Test func `a replica that was there and is not any more is missed`() {
    #expect(judge(soundFacts(), knownReplicas: ["10.0.0.2:6379"]) == [])
    let warnings = judge(soundFacts(), knownReplicas: ["10.0.0.2:6379", "10.0.0.3:6379"])
    #expect(warnings.map(\.code) == [.replicaGone] && warnings[0].text.contains("10.0.0.3:6379"))
  }

  @Test func `a cause stands before what follows from it`() {
    var facts = soundFacts()
    facts.nodes[0].leaseMs = -10
    (facts.nodes[1].leaseMs, facts.redis.appendWriteOk, facts.redis.maxmemoryPolicy) = (-20, false, "allkeys-lru")
    let codes: [StatusWarning.Code] = [.appendWriteFailed, .noNode, .nodeLeaseEnded, .nodeLeaseEnded, .maxmemoryPolicy]
    #expect(judge(facts).map(\.code) == codes)
  }

  @Test func `every code has its test`() {
    let tested = Set(Self.cases.map(\.0)).union([.replicaGone])
    #expect(tested == Set(StatusWarning.Code.allCases))
  }

  @Test func `INFO is read as Redis writes it`() {
    let info = RedisInfo(
      """
      # Server\r
      redis_version:7.0.15\r
      redis_mode:standalone\r
      \r
      # Replication\r
      role:master\r
      connected_slaves:2\r
      slave0:ip=10.0.0.2,port=6379,state=online,offset=86,lag=0\r
      slave1:ip=::1,port=6380,state=send_bulk,offset=0,lag=3\r
      master_repl_offset:100\r
      aof_enabled:1\r
      aof_last_write_status:err\r
      """)
    let redis = RedisFacts(info, settings: ["save": ""], pingMs: 1, now: 0)
    #expect(redis.version == "7.0.15" && redis.product == "redis" && redis.role == .primary)
    #expect(redis.appendOnly == true && redis.appendWriteOk == false && redis.appendRewriteOk == nil)
    #expect(redis.snapshots == false && redis.appendFsync == nil)
    #expect(
      redis.replicas == [
        ReplicaFacts(address: "10.0.0.2:6379", state: "online", lagSeconds: 0, behindBytes: 14),
        ReplicaFacts(address: "::1:6380", state: "send_bulk", lagSeconds: 3, behindBytes: 100),
      ])
  }
}
