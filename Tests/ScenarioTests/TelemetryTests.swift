// Owns: what operators and their machines see of a node by HTTP.
// Must never: ask the node in any other way.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct TelemetryTests {
  private func node(
    _ redis: RedisServer, threads: Int = 2, options: [String] = []
  ) async throws -> (node: ChatNode, http: Int) {
    let http = try TCPSocket.freePort()
    let node = try await ChatNode("a", redis: redis, threads: threads, options: ["--http-port", "\(http)"] + options)
    return (node, http)
  }

  @Test func `counters move by exactly what was done, on all event loops together`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let (node, http) = try await node(redis)
    let before = try Metrics(port: http)
    #expect(before["connections"] == 0 && before["commands_total"] == 0)
    // Six connections: the kernel spreads them over both loops, as a rule.
    let clients = try (0..<6).map { _ in try node.login("arini") }
    for client in clients {
      for _ in 1...5 { #expect(try client.request("send lineker x").isOK) }
      _ = try client.request("send nobody x")
      _ = try client.request("nonsense")
    }
    #expect(try clients[0].request("listen").isOK)
    let after = try Metrics(port: http)
    #expect(after[#"commands_total{command="auth",code="ok"}"#] == 6)
    #expect(after[#"commands_total{command="send",code="ok"}"#] == 30)
    #expect(after[#"commands_total{command="send",code="unknown_user"}"#] == 6)
    #expect(after[#"commands_total{command="invalid",code="unknown_command"}"#] == 6)
    #expect(after[#"commands_total{command="listen",code="ok"}"#] == 1)
    #expect(after.samples.keys.filter { $0.hasPrefix("kabar_commands_total") }.count == 5)
    #expect(after[#"command_seconds_count{command="send"}"#] == 36)
    #expect(after[#"command_seconds_bucket{command="send",le="2.5"}"#] == 36, "a latency is not a deadline")
    let sum = try #require(after.samples[#"kabar_command_seconds_sum{command="send"}"#])
    #expect(sum > 0 && sum < 36)
    #expect(after["redis_seconds_count"] > 0)
    #expect(after["connections"] == 6 && after["connections_bound"] == 6 && after["connections_accepted_total"] == 6)
    #expect(after["sessions"] == 6)
    #expect(after["active_users"] == 1 && after["listeners"] == 1 && after["feeds"] == 1)
    #expect(after["ready"] == 1 && after["presence_stale"] == 0 && after["redis_reconnects_total"] == 0)

    for client in clients { try client.quit() }
    let areGone = try await eventually(within: 5) { try Metrics(port: http)["connections"] == 0 }
    #expect(areGone)
    let isMeasured = try await eventually(within: 3) { try Metrics(port: http)["event_loop_lag_seconds_count"] > 2 }
    #expect(isMeasured)
    let end = try Metrics(port: http)
    #expect(end["connections_bound"] == 0 && end["connections_accepted_total"] == 6 && end["listeners"] == 0)
    #expect(end[#"commands_total{command="quit",code="ok"}"#] == 6)
  }

  @Test func `a client that runs into a bound is counted by it`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let (node, http) = try await node(
      redis, options: ["--sessions-per-user", "2", "--inbox-messages", "3", "--login-failures", "2"])
    func refused(_ limit: String) throws -> Int { try Metrics(port: http)["limit_refusals_total{limit=\"\(limit)\"}"] }
    let clients = try (0..<3).map { _ in try node.login("arini") }
    #expect(try refused("sessions_per_user") == 1)
    for number in 1...5 { #expect(try clients[2].request("send lineker x").isOK == (number <= 3)) }
    #expect(try refused("inbox") == 2)
    let guesser = try node.connect()
    for _ in 1...2 { #expect(try guesser.request("auth lineker wrong").code == "auth_failed") }
    for _ in 1...3 { #expect(try guesser.request("auth lineker pw").code == "too_many_attempts") }
    #expect(try refused("guesses") == 3)
    let all = try Metrics(port: http)
    let limits = all.samples.filter { $0.key.hasPrefix("kabar_limit_refusals_total") }
    #expect(limits.count == 15 && limits.values.reduce(0, +) == 6, "\(limits)")
  }

  @Test func `a client that takes too much is counted by what it took`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let (node, http) = try await node(
      redis, threads: 1,
      options: [
        "--connections", "5", "--connections-per-address", "2", "--login-timeout", "1", "--crowd", "0",
        "--idle-timeout", "6", "--line-timeout", "1", "--command-burst", "10", "--command-rate", "1",
      ])
    func client(_ last: Int) throws -> LineClient { try LineClient(port: node.port, from: "127.0.0.\(last)") }
    let arini = try client(2)
    #expect(try arini.request("auth arini pw").isOK)
    let silent = try client(2)
    #expect(try client(2).reply().code == "too_many_connections")
    let slow = try client(3)
    #expect(try slow.request("auth arini pw").isOK)
    try slow.send("pi")
    try slow.socket.write(Array("ng".utf8))
    let long = try client(4)
    #expect(try long.request("auth arini pw").isOK)
    try long.send(String(repeating: "x", count: 9000))
    #expect(try long.reply().code == "line_too_long")
    #expect(try await silent.awaitReply().code == "login_timeout")
    while try await slow.awaitReply().code != "line_timeout" {}
    while try arini.request("ping").code != "slow_down" {}
    for client in [silent, slow, long] { client.socket.close() }
    let isAlone = try await eventually(within: 5) { try Metrics(port: http)["connections"] == 1 }
    #expect(isAlone)
    let others = try (0..<4).map { try client(10 + $0) }
    #expect(try client(20).reply().code == "too_many_connections")
    #expect(try await arini.awaitReply().code == "idle_timeout")
    let counted = try Metrics(port: http)
    for limit in ["connections", "connections_per_address", "idle_time", "line_time", "line_length", "command_rate"] {
      #expect(counted["limit_refusals_total{limit=\"\(limit)\"}"] == 1, "\(limit)")
    }
    #expect(counted[#"limit_refusals_total{limit="login_time"}"#] >= 1)
    #expect(counted[#"commands_total{command="ping",code="slow_down"}"#] == 1)
    withExtendedLifetime(others) {}
  }

  @Test func `logins that find no place and listeners that don't read are counted`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let (node, http) = try await node(
      redis, threads: 1, options: ["--scrypt-log2n", "13", "--slow-consumer-timeout", "500", "--limits", "off"])
    let arini = try node.login("arini")
    let clients = try (0..<140).map { _ in try node.connect() }
    for client in clients { try client.send("auth nobody pw") }
    #expect(try clients.last?.reply().code == "busy")
    let crowded = try Metrics(port: http)
    #expect(crowded["password_checks_running"] == 1 && crowded["password_checks_waiting"] > 100)
    let busy = crowded[#"commands_total{command="auth",code="busy"}"#]
    #expect(busy > 0 && busy == crowded[#"limit_refusals_total{limit="password_queue"}"#])

    #expect(try arini.request("listen").isOK)
    let burst = Array(String(repeating: "help\r\n", count: 10_000).utf8)
    let isClosed = try await eventually(within: 20) {
      _ = try? arini.socket.writeWhatFits(burst)
      return try Metrics(port: http)[#"limit_refusals_total{limit="outbox"}"#] == 1
    }
    #expect(isClosed)
  }

  @Test func `ready while Redis answers, alive all the time`() async throws {
    let redis = try await RedisServer()
    let (node, http) = try await node(redis)
    func status(_ path: String) throws -> Int { try HTTPAnswer(port: http, path).status }
    #expect(try status("/readyz") == 200)
    redis.kill()
    let isUnready = try await eventually(within: 3) { try status("/readyz") == 503 }
    #expect(isUnready)
    #expect(try HTTPAnswer(port: http, "/readyz").body.hasPrefix("no connection to Redis"))
    #expect(try status("/livez") == 200)
    let down = try Metrics(port: http)
    #expect(down["ready"] == 0 && down["presence_stale"] == 1)
    try await redis.start()
    let isReady = try await eventually(within: 10) { try status("/readyz") == 200 }
    #expect(isReady)
    #expect(try Metrics(port: http)["redis_reconnects_total"] == 2, "one for each event loop")

    redis.signal(SIGSTOP)
    let begin = ContinuousClock.now
    let answer = try HTTPAnswer(port: http, "/readyz")
    #expect(answer.status == 503 && answer.body.hasPrefix("Redis does not answer"), "\(answer.body)")
    #expect(ContinuousClock.now - begin < .seconds(3))
    #expect(try status("/livez") == 200)
    redis.signal(SIGCONT)
    let isReadyAgain = try await eventually(within: 10) { try status("/readyz") == 200 }
    #expect(isReadyAgain)
    #expect(node.process.isRunning)
  }

  @Test func `not ready before Redis was ever there, and not while the node stops`() async throws {
    let (http, port) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let folder = try TestFolder()
    let waiting = try TestProcess(
      kabarProgram,
      ["serve", "--port", "\(port)", "--redis", "redis://127.0.0.1:1", "--http-port", "\(http)"],
      output: "\(folder.path)/out")
    let isUp = await eventually(within: 10) { (try? HTTPAnswer(port: http, "/livez").status) == 200 }
    #expect(isUp, "\(waiting.text)")
    #expect(try HTTPAnswer(port: http, "/readyz").status == 503)
    #expect(waiting.terminate() == 0)

    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let (node, stopping) = try await node(redis)
    let client = try node.login("arini")
    // A reply that waits for Redis keeps the node from ending at once.
    redis.signal(SIGSTOP)
    try client.send("send lineker x")
    try await Task.sleep(for: .milliseconds(100))
    node.process.signal(SIGTERM)
    let isStopping = await eventually(within: 2) {
      (try? HTTPAnswer(port: stopping, "/readyz"))?.body == "the node is stopping\n"
    }
    #expect(isStopping)
    redis.signal(SIGCONT)
    #expect(node.process.waitUntilExit() == 0)
  }

  @Test func `the small web server takes little, and few`() async throws {
    let redis = try await RedisServer()
    let (node, http) = try await node(redis)
    #expect(try HTTPAnswer(port: http, "/").status == 404)
    #expect(try HTTPAnswer(port: http, "/livez?x=1").body == "alive\n")
    #expect(try HTTPAnswer(port: http, "/metrics", method: "POST").status == 405)
    let head = try HTTPAnswer(port: http, "/metrics", method: "HEAD")
    #expect(head.status == 200 && head.body.isEmpty && head.head.contains("content-length: "))
    let long = String(repeating: "x", count: 9000)
    #expect(try HTTPAnswer(port: http, "/livez", headers: "X: \(long)\r\n").status == 0)
    #expect(try HTTPAnswer(port: http, "/livez", headers: "Content-Length: -1\r\n").status == 400)
    #expect(node.process.isRunning)
  }

  @Test(arguments: [32, 100])
  func `connections that say nothing, or half a request, keep no operator out`(count: Int) async throws {
    let redis = try await RedisServer()
    let (node, http) = try await node(redis)
    let idle = try (0..<count).map { _ in try TCPSocket(port: http) }
    for socket in idle.suffix(16) { try socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n".utf8) }
    for path in ["/livez", "/readyz", "/metrics", "/livez"] {
      let begin = ContinuousClock.now
      #expect(try HTTPAnswer(port: http, path).status == 200, "\(path)")
      #expect(ContinuousClock.now - begin < .seconds(1), "\(path)")
    }
    #expect(try idle[count - 1].read().isEmpty, "closed after 5 s")
    #expect(node.process.isRunning)
  }

  @Test func `who has asked keeps his place beside those who say nothing, and is answered`() async throws {
    let redis = try await RedisServer()
    let (node, http) = try await node(redis)
    redis.signal(SIGSTOP)
    defer { redis.signal(SIGCONT) }
    // Its answer takes a while: Redis is asked.
    let asking = try TCPSocket(port: http)
    try asking.write("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let idle = try (0..<100).map { _ in try TCPSocket(port: http) }
    #expect(String(decoding: try asking.read(), as: UTF8.self).hasPrefix("HTTP/1.1 503"))
    withExtendedLifetime(idle) {}
    #expect(node.process.isRunning)
  }
}
