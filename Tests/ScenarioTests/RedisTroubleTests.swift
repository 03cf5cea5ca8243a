// Owns: what clients are told when a real Redis refuses, stalls or dies.
// Must never: accept an OK that is not true.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct RedisTroubleTests {
  private func cluster(
    _ redisOptions: String..., nodeOptions: [String] = []
  ) async throws -> (RedisServer, ChatNode, LineClient) {
    let redis = try await RedisServer(redisOptions)
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis, options: nodeOptions)
    let lineker = try node.login("lineker")
    #expect(try lineker.request("send arini first").isOK)
    return (redis, node, lineker)
  }

  /// Refusals: nothing is stored, and what was stored can be read and confirmed.
  private func expectReadable(_ redis: RedisServer, _ arini: LineClient) async throws {
    #expect(try arini.request("inbox").texts(from: "lineker") == ["first"])
    #expect(try arini.request("ping").isOK)
    let confirmed = await eventually { (try? redis.cli("LLEN", "kabar:{u:arini}:inbox")) == "1" }
    #expect(confirmed)
  }

  @Test func `at its memory limit Redis takes no message, but users log in and empty their inboxes`() async throws {
    let (redis, node, lineker) = try await cluster()
    _ = try redis.cli("CONFIG", "SET", "maxmemory", "1")
    let refused = try lineker.request("send arini second")
    #expect(refused.code == "unavailable" && refused.description.contains("\"retry_after_ms\":"))
    #expect(try lineker.request("@id=x send arini second").code == "unavailable")
    try await expectReadable(redis, try node.login("arini"))
    _ = try redis.cli("CONFIG", "SET", "maxmemory", "0")
    #expect(try lineker.request("@id=x send arini second").isOK)
  }

  @Test func `NOREPLICAS is a refusal, but reading goes on`() async throws {
    let (redis, node, lineker) = try await cluster()
    let arini = try node.login("arini")
    // Longer than what is known of a session is believed.
    try await Task.sleep(for: .milliseconds(5500))
    _ = try redis.cli("CONFIG", "SET", "min-replicas-to-write", "1")
    #expect(try lineker.request("send arini second").code == "unavailable")
    #expect(try arini.request("inbox").texts(from: "lineker") == ["first"])
    _ = try redis.cli("CONFIG", "SET", "min-replicas-to-write", "0")
    #expect(try lineker.request("send arini second").isOK)
  }

  @Test func `MISCONF is a refusal`() async throws {
    let (redis, _, lineker) = try await cluster("--enable-protected-configs", "yes")
    _ = try redis.cli("CONFIG", "SET", "dir", "/proc")
    _ = try redis.cli("CONFIG", "SET", "save", "3600 100000")
    _ = try redis.cli("BGSAVE")
    let failed = await eventually {
      (try? redis.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")) == true
    }
    #expect(failed)
    #expect(try lineker.request("send arini second").code == "unavailable")
    _ = try redis.cli("CONFIG", "SET", "save", "")
    #expect(try lineker.request("send arini second").isOK)
  }

  @Test(arguments: ["RPUSHX", "EVAL"])
  func `NOPERM is refused and logged as what it is`(command: String) async throws {
    let (redis, node, lineker) = try await cluster()
    _ = try redis.cli("ACL", "SETUSER", "default", "-\(command.lowercased())")
    let line = command == "EVAL" ? "@id=x send arini second" : "send arini second"
    #expect(try lineker.request(line).code == "unavailable")
    #expect(try lineker.request(line).code == "unavailable")
    _ = try redis.cli("ACL", "SETUSER", "default", "+\(command.lowercased())")
    #expect(node.log.components(separatedBy: "NOPERM").count == 2, "once: \(node.log)")
    #expect(try lineker.request(line).isOK)
  }

  @Test func `NOAUTH after a change of password is refused and logged`() async throws {
    let (redis, node, lineker) = try await cluster()
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3same")
    _ = try redis.cli("-a", "s3same", "--no-auth-warning", "CLIENT", "KILL", "TYPE", "normal")
    #expect(try lineker.request("send arini second").code == "unavailable")
    #expect(node.log.contains("NOAUTH"))
    #expect(!node.log.contains("s3same"))
    _ = try redis.cli("-a", "s3same", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")
    let works = await eventually { (try? lineker.request("send arini second").isOK) == true }
    #expect(works)
  }

  @Test func `a key of the wrong type is refused and logged`() async throws {
    let (redis, node, lineker) = try await cluster()
    _ = try redis.cli("SET", "kabar:{u:arini}:inbox", "oops")
    #expect(try lineker.request("send arini second").code == "unavailable")
    #expect(try node.login("arini").request("inbox").code == "unavailable")
    #expect(node.log.contains("WRONGTYPE"))
    #expect(try redis.cli("GET", "kabar:{u:arini}:inbox") == "oops")
  }

  @Test(arguments: ["send arini second", "@id=x send arini second"])
  func `while Redis is a replica a send waits, and is stored when it is a master again`(line: String) async throws {
    // The node asks again after 50 ms to 2 s, by chance: a deadline of 2 s can pass before it finds the master.
    let (redis, _, lineker) = try await cluster(nodeOptions: ["--request-timeout", "8000"])
    _ = try redis.cli("REPLICAOF", "127.0.0.1", "1")
    try lineker.send(line)
    try await Task.sleep(for: .milliseconds(500))
    _ = try redis.cli("REPLICAOF", "NO", "ONE")
    #expect(try lineker.reply().isOK)
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "3")
  }

  @Test func `MASTERDOWN waits in the same way, and gives up at the deadline`() async throws {
    let (redis, _, lineker) = try await cluster("--replica-serve-stale-data", "no")
    _ = try redis.cli("REPLICAOF", "127.0.0.1", "1")
    let start = ContinuousClock.now
    #expect(try lineker.request("send arini second").code == "unavailable")
    let waited = ContinuousClock.now - start
    #expect(waited > .seconds(1) && waited < .seconds(4), "\(waited)")
    _ = try redis.cli("REPLICAOF", "NO", "ONE")
    let works = await eventually { (try? lineker.request("send arini third").isOK) == true }
    #expect(works)
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "3")
  }

  @Test func `BUSY waits until the script has ended`() async throws {
    // A script that never ends takes a core: a loop that is late for it must not refuse.
    let (redis, _, lineker) = try await cluster(
      "--lua-time-limit", "50", nodeOptions: ["--request-timeout", "8000", "--shed-after", "0"])
    let folder = try TestFolder()
    let endless = try TestProcess(
      "redis-cli", ["-p", "\(redis.port)", "EVAL", "while true do end", "0"], output: "\(folder.path)/out")
    try await Task.sleep(for: .milliseconds(300))
    try lineker.socket.write(
      "send arini second\r\nsend arini third\r\n@id=4 send arini fourth\r\nsend arini fifth\r\n".utf8)
    try await Task.sleep(for: .milliseconds(500))
    _ = try redis.cli("SCRIPT", "KILL")
    for _ in 0..<4 { #expect(try lineker.reply().isOK) }
    endless.kill()
    let texts = try redis.cli("LRANGE", "kabar:{u:arini}:inbox", "1", "-1").components(separatedBy: "\n")
    #expect(texts.map { $0.components(separatedBy: "\"msg\":\"")[1].prefix(2) } == ["fi", "se", "th", "fo", "fi"])
  }

  @Test func `scripts that Redis forgot are loaded again`() async throws {
    let (redis, node, _) = try await cluster()
    _ = try redis.cli("SCRIPT", "FLUSH")
    try await expectReadable(redis, try node.login("arini"))
  }

  @Test func `a Redis that hangs leaves the outcome of a plain send unknown, and says so in time`() async throws {
    let (redis, node, lineker) = try await cluster()
    redis.signal(SIGSTOP)
    let start = ContinuousClock.now
    let unknown = try lineker.request("send arini maybe")
    #expect(unknown.code == "outcome_unknown")
    #expect(ContinuousClock.now - start < .seconds(4))
    #expect(try lineker.request("ping").isOK)
    redis.signal(SIGCONT)
    let works = await eventually { (try? lineker.request("send arini after").isOK) == true }
    #expect(works)
    // It may have been stored, once, before the one that came after it.
    let texts = try node.login("arini").request("inbox").texts(from: "lineker")
    #expect([["first", "after"], ["first", "maybe", "after"]].contains(texts), "\(texts)")
  }

  @Test func `with a minimum of replicas an OK means that they have it`() async throws {
    let master = try await RedisServer()
    try await master.addAccounts("arini", "lineker")
    let replica = try await RedisServer("--replicaof", "127.0.0.1 \(master.port)")
    let synced = await eventually { (try? master.cli("INFO", "replication").contains("state=online")) == true }
    #expect(synced)
    let node = try await ChatNode("a", redis: master, options: ["--min-replicas", "1"])
    let lineker = try node.login("lineker")
    for text in ["one", "two", "three"] {
      #expect(try lineker.request("send arini \(text)").isOK)
      #expect(try replica.cli("LINDEX", "kabar:{u:arini}:inbox", "-1").contains("\"\(text)\""), "at once")
    }
    replica.signal(SIGSTOP)
    #expect(try lineker.request("send arini four").code == "outcome_unknown")
    // Senders that go on and on meanwhile do not keep others from reading.
    let busy = try node.login("arini")
    try busy.socket.write(String(repeating: "send lineker x\r\n", count: 200).utf8)
    let start = ContinuousClock.now
    for _ in 0..<3 { #expect(try lineker.request("user_aktif").isOK) }
    #expect(ContinuousClock.now - start < .seconds(8))
    for _ in 0..<200 { #expect(try busy.reply().code == "outcome_unknown") }
    #expect(!node.log.contains("does not answer"), "the connection was given up")
    replica.signal(SIGCONT)
    let works = await eventually { (try? lineker.request("send arini five").isOK) == true }
    #expect(works)
  }

  @Test func `deadlines do not add up along a pipeline`() async throws {
    let (redis, _, lineker) = try await cluster()
    // Older than what is believed of a session: the first line has to look it up, the others wait behind it.
    try await Task.sleep(for: .milliseconds(5500))
    redis.signal(SIGSTOP)
    let start = ContinuousClock.now
    try lineker.socket.write(String(repeating: "send arini x\r\n", count: 6).utf8)
    for _ in 0..<6 { #expect(try lineker.reply().code == "unavailable") }
    #expect(ContinuousClock.now - start < .seconds(4))
    redis.signal(SIGCONT)
    let works = await eventually { (try? lineker.request("send arini second").isOK) == true }
    #expect(works)
    #expect(try redis.cli("LLEN", "kabar:{u:arini}:inbox") == "3")
  }

  @Test func `a tagged send is repeated on the next connection and stored once`() async throws {
    let (redis, node, lineker) = try await cluster(nodeOptions: ["--request-timeout", "8000"])
    redis.signal(SIGSTOP)
    try lineker.send("@id=x send arini second")
    try await Task.sleep(for: .milliseconds(200))
    redis.kill()
    try await redis.start()
    #expect(try lineker.reply().isOK)
    #expect(try node.login("arini").request("inbox").texts(from: "lineker") == ["first", "second"])
  }

  @Test func `what was not written waits for Redis and is stored once`() async throws {
    let (redis, node, lineker) = try await cluster(nodeOptions: ["--request-timeout", "8000"])
    redis.kill()
    let gone = await eventually { node.log.contains("no connection to Redis") }
    #expect(gone)
    try lineker.send("send arini second")
    try await redis.start()
    #expect(try lineker.reply().isOK)
    #expect(try node.login("arini").request("inbox").texts(from: "lineker") == ["first", "second"])
  }
}
