// Owns: what a client that takes too much meets, and that the others don't notice.
// Must never: look into the nodes: it reads replies, the log and the memory of the process.
// Runs on: swift-testing.
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct LimitsTests {
  private func node(_ options: String..., names: [String] = ["arini", "lineker"]) async throws -> ChatNode {
    let redis = try await RedisServer()
    for name in names { try await redis.addAccounts(name) }
    return try await ChatNode("a", redis: redis, threads: 1, options: options)
  }

  // MARK: Connections

  @Test func `a connection too many is told so and closed, and there is room again when another ends`() async throws {
    let node = try await node("--connections", "3")
    let clients = try (0..<3).map { _ in try node.login("arini") }
    let surplus = try node.connect()
    let reply = try surplus.reply()
    #expect(reply.code == "too_many_connections" && reply.retryAfter == 1000)
    #expect(try surplus.isClosedByServer())
    for client in clients { #expect(try client.request("ping").isOK) }
    try clients[0].quit()
    let isIn = await eventually(within: 5) { (try? node.connect().request("ping").isOK) == true }
    #expect(isIn)
  }

  @Test func `one address can't take the place of others`() async throws {
    let node = try await node("--connections-per-address", "2")
    let greedy = try (0..<2).map { _ in try LineClient(port: node.port, from: "127.0.0.2") }
    let surplus = try LineClient(port: node.port, from: "127.0.0.2")
    #expect(try surplus.reply().code == "too_many_connections")
    let other = try LineClient(port: node.port, from: "127.0.0.3")
    #expect(try other.request("auth arini pw").isOK)
    for client in greedy { #expect(try client.request("ping").isOK) }
  }

  @Test func `behind a proxy its clients count, not the proxy`() async throws {
    let node = try await node("--connections-per-address", "1", "--trusted-proxies", "127.0.0.1")
    func client(_ address: String) throws -> LineClient {
      let client = try node.connect()
      try client.send("PROXY TCP4 \(address) 127.0.0.1 40000 8889")
      return client
    }
    let first = try client("203.0.113.7")
    #expect(try first.request("ping").isOK)
    #expect(try client("203.0.113.7").reply().code == "too_many_connections")
    #expect(try client("203.0.113.8").request("ping").isOK)
    try first.quit()
    let isIn = await eventually(within: 5) { (try? client("203.0.113.7").request("ping").isOK) == true }
    #expect(isIn)
  }

  // MARK: Time

  @Test func `in a crowd who doesn't log in is closed, and who has logged in stays`() async throws {
    let node = try await node("--login-timeout", "1", "--crowd", "3")
    let arini = try node.login("arini")
    let silent = try (0..<4).map { _ in try node.connect() }
    for client in silent {
      #expect(try await client.awaitReply().code == "login_timeout")
      #expect(try client.isClosedByServer())
    }
    let few = try (0..<3).map { _ in try node.connect() }
    try await Task.sleep(for: .seconds(3))
    for client in few { #expect(try client.request("ping").isOK) }
    #expect(try arini.request("user_aktif").users == ["arini"])
  }

  @Test func `a TLS handshake that never comes ends without a crowd`() async throws {
    let certificates = try Certificates()
    let identity = try certificates.issue("server", for: "IP:127.0.0.1")
    let port = try TCPSocket.freePort()
    let node = try await node(
      "--login-timeout", "1", "--tls-port", "\(port)", "--tls-cert", identity.certificate, "--tls-key", identity.key)
    let silent = try TCPSocket(port: port)
    let half = try TCPSocket(port: port)
    try half.write([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])  // a client hello that breaks off
    let start = ContinuousClock.now
    _ = await eventually(within: 10) {
      silent.isReadable(withinMilliseconds: 0) && half.isReadable(withinMilliseconds: 0)
    }
    let took = (ContinuousClock.now - start) / .seconds(1)
    let ends = try [silent.read(), half.read()]
    #expect(ends == [[], []])
    #expect((0.5...6).contains(took), "\(took) s")
    #expect(node.log.contains("limit=login_time"))
  }

  @Test func `who asks nothing is closed with a reason, and ping keeps a connection open`() async throws {
    let node = try await node("--idle-timeout", "5")
    let idle = try node.login("arini")
    let listener = try node.login("lineker")
    #expect(try listener.request("listen").isOK)
    // On a thread of its own: tests beside this one hold those on which a task would wake up in time.
    let port = node.port
    let lively = Mutex<[Bool]>([])
    Thread {
      guard let client = try? LineClient(port: port), (try? client.request("auth arini pw").isOK) == true else {
        return
      }
      for _ in 0..<16 {
        Thread.sleep(forTimeInterval: 0.5)
        let isAlive = (try? client.request("ping").isOK) == true
        lively.withLock { $0.append(isAlive) }
      }
    }.start()
    #expect(try await idle.awaitReply().code == "idle_timeout")
    #expect(try idle.isClosedByServer())
    let event = try await listener.awaitReply()
    #expect(event.event == "closing" && event.code == "idle_timeout")
    #expect(try listener.isClosedByServer())
    _ = await eventually(within: 20) { lively.withLock { $0.count == 16 } }
    #expect(lively.withLock { $0 } == Array(repeating: true, count: 16))
  }

  @Test func `a line must end in time, however its bytes come`() async throws {
    let node = try await node("--line-timeout", "2")
    let begun = try node.login("arini")
    try begun.socket.write(Array("pin".utf8))
    let slow = try node.login("arini")
    let start = ContinuousClock.now
    while !slow.hears(withinMilliseconds: 0) {
      try slow.socket.write([UInt8(ascii: "a")])
      try await Task.sleep(for: .milliseconds(200))
    }
    let took = (ContinuousClock.now - start) / .seconds(1)
    #expect((1.5...7).contains(took), "\(took) s")
    for client in [begun, slow] {
      #expect(try await client.awaitReply().code == "line_timeout")
      #expect(try client.isClosedByServer())
    }
  }

  // MARK: Commands

  @Test func `beyond the burst a session is told to slow down, and when it may go on`() async throws {
    let node = try await node("--command-burst", "20", "--command-rate", "10")
    let arini = try node.login("arini")
    let other = try node.login("lineker")
    for _ in 0..<20 { #expect(try arini.request("ping").isOK) }
    var refused = try arini.request("ping")
    if refused.isOK { refused = try arini.request("ping") }  // a tenth of a second may have gone by
    #expect(refused.code == "slow_down")
    let wait = try #require(refused.retryAfter)
    #expect((1...101).contains(wait))
    // What was refused was not done, and what can't be parsed counts, too.
    #expect(try other.request("inbox").texts(from: "arini").isEmpty)
    for _ in 0..<19 { #expect(try other.request("ping").isOK) }
    try await Task.sleep(for: .milliseconds(wait))
    #expect(try arini.request("send lineker hello").isOK)
  }

  @Test func `the connections of one session share its commands, and garbage counts`() async throws {
    let node = try await node("--command-burst", "10", "--command-rate", "1")
    let arini = try node.connect()
    let token = try #require(try arini.request("auth arini pw")["tokenid"])
    let second = try node.connect()
    #expect(try second.request("resume \(token)").isOK)
    for _ in 0..<4 {
      #expect(try arini.request("gibberish").code == "unknown_command")
      #expect(try second.request("ping").isOK)
    }
    let codes = try (0..<6).map { _ in try (arini.request("ping").code, second.request("ping").code) }
    #expect(codes.contains { $0.0 == "slow_down" } && codes.contains { $0.1 == "slow_down" }, "\(codes)")
  }

  @Test func `a connection for each command gets a session no more of them`() async throws {
    let node = try await node("--command-burst", "5", "--command-rate", "1")
    let token = try #require(try node.connect().request("auth arini pw")["tokenid"])
    let codes = try (0..<20).map { number in try node.connect().request("send \(token) lineker \(number)").code }
    #expect(codes.count { $0 == nil } < 10 && codes.last == "slow_down", "\(codes)")
  }

  @Test func `on all event loops together a session gets no more of them`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let options = ["--command-burst", "40", "--command-rate", "1"]
    let node = try await ChatNode("a", redis: redis, threads: 4, options: options)
    let first = try node.connect()
    let token = try #require(try first.request("auth arini pw")["tokenid"])
    // The kernel spreads them over the event loops.
    let clients = try (0..<16).map { _ in try node.connect() }
    for client in clients { #expect(try client.request("resume \(token)").isOK) }
    var taken = 0
    for _ in 0..<10 { for client in clients { taken += try client.request("ping").isOK ? 1 : 0 } }
    #expect((24...70).contains(taken), "\(taken) of 160")  // 16 went into the resumes; a second or some pass
  }

  @Test func `the sessions of one user share what she may send, and others go on`() async throws {
    let http = try TCPSocket.freePort()
    let node = try await node(
      "--command-burst", "10", "--command-rate", "1", "--user-command-rate", "4", "--http-port", "\(http)")
    var taken = 0
    for _ in 0..<15 {
      let client = try node.login("arini")
      for _ in 0..<10 { taken += try client.request("ping").isOK ? 1 : 0 }
    }
    // 40 at once and 4 a second, where 15 sessions by themselves could send 150.
    #expect((40...130).contains(taken), "\(taken)")
    let arini = try node.login("arini")
    let codes = try (0..<4).map { _ in try arini.request("ping").code }
    #expect(codes.contains("slow_down"))
    #expect(try arini.request("logout").isOK, "ending something is free")
    #expect(try Metrics(port: http)[#"limit_refusals_total{limit="user_command_rate"}"#] >= 20)
    let lineker = try node.login("lineker")
    for _ in 0..<10 { #expect(try lineker.request("ping").isOK) }
  }

  @Test func `who floods is not spared the time to log in`() async throws {
    let node = try await node("--login-timeout", "2", "--crowd", "0", "--command-rate", "1")
    let client = try node.connect()
    try client.socket.write(Array(String(repeating: "\n", count: 30_000).utf8))
    var last: Reply?
    while last?.code != "login_timeout", let reply = try? await client.awaitReply() { last = reply }
    #expect(last?.code == "login_timeout")
  }

  @Test func `a flood gets no more refusals than answers`() async throws {
    let node = try await node("--command-burst", "20", "--command-rate", "50")
    let arini = try node.login("arini")
    let pings = Array(String(repeating: "ping\r\n", count: 5000).utf8)
    var replies = 0
    let start = ContinuousClock.now
    _ = try arini.socket.writeWhatFits(pings)
    while ContinuousClock.now - start < .seconds(3) {
      replies += try arini.arrived().count
      try await Task.sleep(for: .milliseconds(20))
    }
    // 20 at once, then at most 50 answers and as many refusals a second.
    #expect((100...(20 + 3 * 100 + 20)).contains(replies), "\(replies)")
    #expect(try node.login("lineker").request("ping").isOK)
  }

  @Test func `confirming what was pushed is free`() async throws {
    let node = try await node("--command-burst", "10", "--command-rate", "1")
    let arini = try node.login("arini")
    #expect(try arini.request("listen").isOK)
    for round in 0..<8 {
      let sender = try node.login("lineker")  // a session of its own has a burst of its own
      for number in 0..<5 { #expect(try sender.request("send arini \(round * 5 + number)").isOK) }
    }
    for sequence in 1...40 { #expect(try arini.reply().sequence == sequence) }
    for sequence in 1...40 { #expect(try arini.request("ack \(sequence)").isOK) }
    let again = try (0..<12).map { _ in try arini.request("ack 40").code }
    #expect(again.contains("slow_down"))
  }

  @Test func `switched off, a node says so and lets everything pass`() async throws {
    let node = try await node("--limits", "off", "--command-burst", "5", "--connections-per-address", "1")
    #expect(node.log.contains("limits are off"))
    let arini = try node.login("arini")
    let other = try node.login("lineker")
    for _ in 0..<300 { #expect(try arini.request("ping").isOK) }
    for _ in 0..<30 { #expect(try other.request("auth lineker wrong").code == "auth_failed") }
  }

  // MARK: Memory

  @Test func `clients that ask and never read, and thousands that say nothing, cost a bounded amount of memory`()
    async throws
  {
    let node = try await node("--connections-per-address", "0", "--crowd", "1000000", "--command-rate", "0")
    let lineker = try node.login("lineker")
    for _ in 0..<60 { #expect(try lineker.request("send arini \(String(repeating: "x", count: 4000))").isOK) }
    let before = try node.residentKiB()
    let deaf = try (0..<20).map { _ in try node.login("arini") }
    let requests = Array(
      String(repeating: "inbox\r\n" + String(repeating: "help\r\nuser_aktif\r\n", count: 100), count: 10).utf8)
    for _ in 0..<10 {
      for client in deaf { _ = try client.socket.writeWhatFits(requests) }
      try await Task.sleep(for: .milliseconds(200))
    }
    let withDeaf = try node.residentKiB()
    #expect(withDeaf - before < 40_000, "\(withDeaf - before) KiB for 20 that never read")

    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let silent = try (0..<5000).map { _ in try TCPSocket(port: node.port) }
    #expect(try node.login("lineker").request("ping").isOK)
    let withSilent = try node.residentKiB()
    // A sanitizer keeps books of its own about every byte.
    let each = patience > 1 ? 16 : 8
    #expect(withSilent - withDeaf < 5000 * each, "\(withSilent - withDeaf) KiB for 5,000 that say nothing")
    for socket in silent { socket.close() }
    for client in deaf { client.socket.close() }
    #expect(try lineker.request("ping").isOK)
  }
}
