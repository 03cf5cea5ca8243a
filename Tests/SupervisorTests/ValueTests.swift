// Owns: the tests of the small values: wait statuses, plans, addresses, redis.conf, the probe's answers, the table.
// Must never: touch a process or a socket.
// Runs on: any thread.
import Testing

@testable import Supervisor

/// A plan within bounds, for tests that change one thing about it.
private func plan(store: ClusterPlan.Store = .own(data: "./.kabar", port: nil)) -> ClusterPlan {
  ClusterPlan(
    nodes: 3, host: "127.0.0.1", port: 8889, threads: nil, store: store, nodeProgram: "/bin/node",
    launcher: "/bin/kabar", demoAccounts: ["arini hehe"])
}

@Suite struct ExitReasonTests {
  @Test(arguments: [
    (0, ExitReason.exited(status: 0)), (7 << 8, .exited(status: 7)), (9, .killed(signal: 9)),
    (6 | 0x80, .killed(signal: 6)),  // with a core dump
  ])
  func `reads a wait status`(status: Int, reason: ExitReason) {
    #expect(ExitReason(waitStatus: Int32(status)) == reason)
  }
}

@Suite struct ClusterPlanTests {
  @Test func `accepts its bounds and nothing beyond`() throws {
    for (nodes, port) in [(1, 1), (64, 65535)] {
      var good = plan(store: .own(data: "d", port: port))
      good.nodes = nodes
      good.port = port
      try good.validate()
    }
    var bad = plan()
    bad.nodes = 0
    #expect(throws: SupervisorError("--nodes must be between 1 and 64, not 0")) { try bad.validate() }
    bad.nodes = 65
    #expect(throws: SupervisorError("--nodes must be between 1 and 64, not 65")) { try bad.validate() }
    bad = plan()
    bad.port = 65536
    #expect(throws: SupervisorError("--port must be between 1 and 65535, not 65536")) { try bad.validate() }
    bad = plan()
    bad.threads = 0
    #expect(throws: SupervisorError("--threads must be between 1 and 1024, not 0")) { try bad.validate() }
    bad = plan(store: .own(data: "d", port: 0))
    #expect(throws: SupervisorError("--redis-port must be between 1 and 65535, not 0")) { try bad.validate() }
  }

  @Test(arguments: [
    (1, 1, true, 1), (1, 2, true, 1), (3, 2, true, 1), (1, 8, true, 7), (3, 8, true, 2), (3, 8, false, 2),
    (1, 8, false, 8),
    (64, 8, true, 1),
  ])
  func `shares the cores among the nodes`(nodes: Int, cores: Int, besideRedis: Bool, threads: Int) {
    #expect(ClusterPlan.usualThreads(nodes: nodes, cores: cores, besideRedis: besideRedis) == threads)
  }

  @Test func `gives each node its name and the shared port`() {
    var some = plan()
    let common = [
      "serve", "--supervised", "--host", "127.0.0.1", "--port", "8889", "--node", "n2", "--drain-time", "10",
    ]
    #expect(some.nodeArguments(2) == common + ["--web-port", "0", "--http-port", "0"])
    some.threads = 4
    #expect(some.nodeArguments(2) == common + ["--threads", "4", "--web-port", "0", "--http-port", "0"])
    (some.httpPorts, some.webPort) = ([8900, 8902], 8081)
    #expect(some.nodeArguments(2) == common + ["--threads", "4", "--web-port", "8081", "--http-port", "8902"])
  }
}

@Suite struct RedisSettingsTests {
  @Test func `quotes the folder and keeps every write`() {
    let settings = RedisSettings(port: 6391, folder: "/home/a b/\"c\\", descriptorLimit: 20_000)
    let lines = settings.text.split(separator: "\n")
    for line in [
      "bind 127.0.0.1", "port 6391", "dir \"/home/a b/\\\"c\\\\\"", "appendonly yes", "appendfsync everysec",
      "no-appendfsync-on-rewrite no", "save \"\"", "maxmemory-policy noeviction", "maxclients 15000",
      "loglevel warning",
    ] {
      #expect(lines.contains(Substring(line)))
    }
  }

  @Test func `syncs as it was told`() {
    let settings = RedisSettings(port: 1, folder: "/", descriptorLimit: 1024, durability: .always)
    #expect(settings.text.split(separator: "\n").filter { $0.hasPrefix("appendfsync") } == ["appendfsync always"])
  }

  @Test(arguments: [(1024, 992), (15_031, 14_999), (1_048_576, 15_000), (16, 1)])
  func `admits as many clients as the descriptors allow`(limit: Int, clients: Int) {
    #expect(RedisSettings(port: 1, folder: "/", descriptorLimit: limit).maxClients == clients)
  }
}

@Suite struct RedisProbeReplyTests {
  private let info = "$60\r\n# Server\r\nprocess_id:42\r\ntcp_port:6390\r\n\r\n"

  @Test func `is ready only when our process answers PING`() {
    #expect(RedisProbeReply(Array((info + "+PONG\r\n").utf8), pid: 42) == .ready)
    #expect(RedisProbeReply(Array((info + "+PONG\r\n").utf8), pid: 4) == .foreign)
    #expect(RedisProbeReply(Array("+PONG\r\n".utf8), pid: 42) == .foreign)
    #expect(RedisProbeReply(Array("-NOAUTH Authentication required.\r\n".utf8), pid: 42) == .foreign)
  }

  @Test func `waits while it loads`() {
    let loading = "-LOADING Redis is loading the dataset in memory\r\n"
    #expect(RedisProbeReply(Array((info + loading).utf8), pid: 42) == .loading)
    #expect(RedisProbeReply(Array(loading.utf8), pid: 42) == .loading)
  }

  @Test func `is incomplete at every cut before the end`() {
    let whole = Array((info + "+PONG\r\n").utf8)
    for cut in 0..<whole.count {
      #expect(RedisProbeReply(Array(whole[..<cut]), pid: 42) == .incomplete, "cut at \(cut)")
    }
  }
}

@Suite struct ClusterTableTests {
  private func lines(_ plan: ClusterPlan, redisPort: Int?, demo: Bool) -> [String] {
    let processes: [(name: String, pid: Int32)] = [("redis", 7), ("n1", 8)]
    let table = ClusterTable(
      plan: plan, processes: processes, supervisor: 6, redisPort: redisPort, dataFolder: "/d", hasDemoAccounts: demo)
    return table.text.split(separator: "\n").map(String.init)
  }

  @Test func `keeps the promises to scripts`() {
    let lines = lines(plan(), redisPort: 6390, demo: true)
    #expect(lines.last?.hasPrefix("ready") == true)
    #expect(lines.contains { $0.contains("kill -HUP 6 ") } == (plan().nodes > 1))
    #expect(lines.filter { $0.hasPrefix("ready") }.count == 1)
    #expect(lines.first { $0.contains("redis-cli") }?.hasSuffix("redis-cli -p 6390") == true)
    for part in [
      "redis          pid 7", "n1             pid 8", "nc 127.0.0.1 8889", "kabar chat --port 8889", "arini hehe",
    ] {
      #expect(lines.contains { $0.contains(part) }, "\(part)")
    }
  }

  @Test func `says where the page is`() {
    #expect(!lines(plan(), redisPort: 6390, demo: true).contains { $0.contains("page") })
    var some = plan()
    some.webPort = 8081
    #expect(lines(some, redisPort: 6390, demo: true).contains { $0.hasSuffix("http://127.0.0.1:8081/") })
    some.tls = .init(port: 8890, certificate: "c", key: "k", isOnly: true)
    some.host = "::"
    #expect(lines(some, redisPort: 6390, demo: true).contains { $0.hasSuffix("https://[::1]:8081/") })
  }

  @Test func `warns of published passwords where others can reach the port`() {
    var open = plan()
    open.host = "0.0.0.0"
    #expect(lines(open, redisPort: 6390, demo: true).contains { $0.contains("WARNING") && $0.contains("--no-demo") })
    #expect(!lines(open, redisPort: 6390, demo: false).contains { $0.contains("WARNING") })
    #expect(!lines(plan(), redisPort: 6390, demo: true).contains { $0.contains("WARNING") })
  }

  @Test func `shows no accounts that are not there, and another's Redis by its address`() {
    var other = plan(
      store: .existing(url: "redis://u:pw@db:7000", inspectCommand: "redis-cli -h db -p 7000 --user u --askpass"))
    other.host = "0.0.0.0"
    let lines = lines(other, redisPort: nil, demo: false)
    #expect(lines.contains { $0.hasSuffix("redis-cli -h db -p 7000 --user u --askpass") })
    #expect(!lines.contains { $0.contains("arini") || $0.contains("pw") })
    #expect(lines.contains { $0.hasSuffix("nc 127.0.0.1 8889") })
  }
}
