// Owns: what users notice of blocks, on every node and within the time that is promised.
// Must never: look into the nodes: it reads replies and Redis, as users and operators do.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct BlockTests {
  /// Two nodes; arini on the first, lineker on the second.
  private struct Cluster {
    let redis: RedisServer
    let a: ChatNode
    let b: ChatNode
    let arini: LineClient
    let lineker: LineClient

    init() async throws {
      redis = try await RedisServer()
      try await redis.addAccounts("arini", "lineker", "messi")
      a = try await ChatNode("a", redis: redis, options: ["--limits", "off"])
      b = try await ChatNode("b", redis: redis, options: ["--limits", "off"])
      arini = try a.login("arini")
      lineker = try b.login("lineker")
    }

    func inboxLength() throws -> Int { (Int(try redis.cli("LLEN", "kabar:{u:arini}:inbox")) ?? 0) - 1 }
  }

  /// Within the second that is promised; what was stored in that second is taken into account.
  private func isRefused(_ client: LineClient, _ user: String = "arini") async throws -> Bool {
    try await eventually(within: 1) { try client.request("send \(user) still?").code == "blocked" }
  }

  @Test func `who is connected already is refused within a second, on every node, and stores nothing`() async throws {
    let cluster = try await Cluster()
    let (arini, lineker) = (cluster.arini, cluster.lineker)
    let beside = try cluster.a.login("lineker")
    #expect(try lineker.request("send arini before").isOK)
    #expect(try arini.request("block lineker")["message"] == "blocked")
    #expect(try await isRefused(lineker))
    #expect(try await isRefused(beside))
    let length = try cluster.inboxLength()
    for client in [lineker, beside, try cluster.a.login("lineker"), try cluster.b.login("lineker")] {
      #expect(try client.request("send arini hi").code == "blocked")
      #expect(try client.request("@id=new send arini hi").code == "blocked")
    }
    #expect(try cluster.inboxLength() == length)
    #expect(try arini.request("inbox").texts(from: "lineker").first == "before", "what was stored stays")
    // One way, this pair only, and presence is not concerned.
    #expect(try arini.request("send lineker hello").isOK)
    #expect(try lineker.request("send messi hello").isOK)
    let isSeen = try await eventually(within: 3) { try lineker.request("user_aktif").users == ["arini", "lineker"] }
    #expect(isSeen)

    #expect(try arini.request("unblock lineker")["message"] == "unblocked")
    let isTaken = try await eventually(within: 1) { try lineker.request("send arini again").isOK }
    #expect(isTaken)
    #expect(try arini.request("inbox").texts(from: "lineker").last == "again")
  }

  @Test func `the block holds for every way to a session`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.arini.request("block lineker").isOK)
    let first = try cluster.b.connect()
    let token = try #require(try first.request("auth lineker pw")["tokenid"])
    #expect(try first.request("send arini x").code == "blocked")
    let resumed = try cluster.a.connect()
    #expect(try resumed.request("resume \(token)").isOK)
    #expect(try resumed.request("send arini x").code == "blocked")
    #expect(try cluster.b.connect().request("send \(token) arini x").code == "blocked")
    // In one write: the very first command of a connection.
    let eager = try cluster.a.connect()
    try eager.socket.write("send \(token) arini x\r\n@id=t send arini x\r\nping\r\n".utf8)
    #expect(try [eager.reply().code, eager.reply().code] == ["blocked", "blocked"])
    #expect(try eager.reply().isOK)
    #expect(try cluster.inboxLength() == 0)
  }

  @Test func `news that the subscriber missed is found as soon as it is back`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.lineker.request("send arini before").isOK)
    #expect(try Int(cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")) == 2)
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try await isRefused(cluster.lineker))
    let isKilled = try await eventually(within: 5) {
      try Int(cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")) ?? 0 > 0
    }
    #expect(isKilled)
    #expect(try cluster.arini.request("unblock lineker").isOK)
    let isTaken = try await eventually(within: 1) { try cluster.lineker.request("send arini again").isOK }
    #expect(isTaken)
  }

  @Test func `while no news arrives each send asks`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.lineker.request("send arini before").isOK)
    // Nobody may subscribe any more.
    _ = try cluster.redis.cli("ACL", "SETUSER", "default", "-subscribe")
    #expect(try Int(cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")) == 2)
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try await isRefused(cluster.lineker))
    #expect(try cluster.lineker.request("send messi free").isOK)
    #expect(try cluster.arini.request("unblock lineker").isOK)
    #expect(try cluster.lineker.request("send arini again").isOK, "at once: Redis is asked")
  }

  @Test func `block and unblock at once leave nothing in force that is not listed`() async throws {
    let cluster = try await Cluster()
    let second = try cluster.b.login("arini")
    for round in 0..<60 {
      try cluster.arini.send("block lineker")
      try second.send("unblock lineker")
      let replies = try [cluster.arini.reply(), second.reply()]
      #expect(replies.allSatisfy { $0.isOK })
      let isInForce = try cluster.redis.cli("ZSCORE", "kabar:{u:lineker}:blockers", "arini") != ""
      let isListed = try await eventually(within: 1) {
        try cluster.redis.cli("ZSCORE", "kabar:{u:arini}:blocked", "lineker") != ""
      }
      #expect(isListed || !isInForce, "round \(round)")
      #expect(try second.request("unblock lineker").isOK)
    }
  }

  /// The change is made behind the nodes' backs: as if a message on `control` had been lost.
  @Test func `lost news is found with the next check of the session`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.lineker.request("send arini before").isOK)
    _ = try cluster.redis.cli("ZADD", "kabar:{u:arini}:blocked", "0", "lineker")
    _ = try cluster.redis.cli("ZADD", "kabar:{u:lineker}:blockers", "0", "arini")
    #expect(try cluster.lineker.request("send arini unnoticed").isOK)
    let isFound = try await eventually(within: 7) { try cluster.lineker.request("send arini x").code == "blocked" }
    #expect(isFound)
  }

  @Test func `a retry of what was stored before the block gets its answer`() async throws {
    let cluster = try await Cluster()
    let id = try #require(try cluster.lineker.request("@id=t-1 send arini hello")["id"])
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try await isRefused(cluster.lineker))
    let again = try cluster.lineker.request("@id=t-1 send arini hello")
    #expect(again["id"] == id && again.has("duplicate"), "\(again)")
    #expect(try cluster.lineker.request("@id=t-2 send arini hello").code == "blocked")
    #expect(try cluster.redis.cli("EXISTS", "kabar:{u:arini}:once:lineker:t-2") == "0")
  }

  @Test func `a plain send is one command to Redis, blocked or not`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try await isRefused(cluster.lineker))
    // What nodes do by themselves goes on: reads of who blocks whom are ZRANGE and ZSCORE.
    let messi = try cluster.a.login("messi")
    #expect(try messi.request("send arini first").isOK)
    let before = try counts(cluster.redis)
    try messi.socket.write(String(repeating: "send arini x\r\n", count: 100).utf8)
    for _ in 1...100 { #expect(try messi.reply().isOK) }
    try cluster.lineker.socket.write(String(repeating: "send arini x\r\n", count: 100).utf8)
    for _ in 1...100 { #expect(try cluster.lineker.reply().code == "blocked") }
    let after = try counts(cluster.redis)
    #expect((after["rpushx"] ?? 0) - (before["rpushx"] ?? 0) == 100)
    // At most one check of each session falls into this time.
    for read in ["zscore", "zrange"] { #expect((after[read] ?? 0) - (before[read] ?? 0) <= 10, "\(read)") }
  }

  private func counts(_ redis: RedisServer) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for line in try redis.cli("INFO", "commandstats").split(whereSeparator: \.isNewline) {
      guard let match = line.firstMatch(of: /cmdstat_([a-z]+):calls=(\d+)/) else { continue }
      counts[String(match.1)] = Int(match.2)
    }
    return counts
  }

  @Test func `what can't be blocked, and what blocks says`() async throws {
    let cluster = try await Cluster()
    let arini = cluster.arini
    #expect(try cluster.a.connect().request("block lineker").code == "not_logged_in")
    #expect(try arini.request("blocks")["message"] == "nobody")
    #expect(try arini.request("block ARINI").code == "own_name")
    #expect(try arini.request("block nobody").code == "unknown_user")
    #expect(try arini.request("unblock nobody").isOK && arini.request("unblock messi").isOK)
    #expect(try cluster.redis.cli("KEYS", "*block*") == "", "nothing is left of them")
    // Pipelined: in order. Twice: the same.
    try arini.socket.write("block messi\r\nblock lineker\r\nblock messi\r\nunblock lineker\r\nblocks\r\n".utf8)
    for _ in 1...4 { #expect(try arini.reply().isOK) }
    let list = try arini.reply()
    #expect(list.users == ["messi"] && list["message"] == "messi" && list.count == 1, "\(list)")
    // The other node hears of both within a second.
    let isTaken = try await eventually(within: 1) { try cluster.lineker.request("send arini x").isOK }
    #expect(isTaken)
    #expect(try await isRefused(cluster.b.login("messi")))
    let crowd = (1...999).flatMap { ["0", "u\($0)"] }
    _ = try cluster.redis.cli(["ZADD", "kabar:{u:arini}:blocked"] + crowd)
    #expect(try arini.request("block lineker").code == "too_many_blocked")
    #expect(try arini.request("block messi").isOK, "one of the thousand")
  }

  @Test func `who is blocked by more than a node keeps is refused all the same`() async throws {
    let cluster = try await Cluster()
    let crowd = (1...1200).flatMap { ["0", "u\($0)"] }
    _ = try cluster.redis.cli(["ZADD", "kabar:{u:lineker}:blockers"] + crowd)
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try await isRefused(cluster.lineker))
    let one = try cluster.b.login("lineker")
    try one.socket.write("send messi 1\r\nsend arini x\r\nsend messi 2\r\nsend messi 3\r\n".utf8)
    #expect(try [one.reply(), one.reply(), one.reply(), one.reply()].map(\.code) == [nil, "blocked", nil, nil])
    #expect(try cluster.a.login("messi").request("inbox").texts(from: "lineker") == ["1", "2", "3"])
  }

  @Test func `a removed account takes its blocks with it, those of others too`() async throws {
    let cluster = try await Cluster()
    #expect(try cluster.arini.request("block lineker").isOK)
    #expect(try cluster.lineker.request("block arini").isOK)
    #expect(try cluster.a.login("messi").request("block arini").isOK)
    #expect(try await isRefused(cluster.lineker))
    let folder = try TestFolder()
    let remove = try TestProcess(
      kabarProgram, ["account", "remove", "arini", "--redis", cluster.redis.url],
      output: "\(folder.path)/out")
    #expect(remove.waitUntilExit() == 0, "\(remove.text)")
    #expect(try cluster.redis.cli("KEYS", "*block*") == "")
    try await cluster.redis.addAccounts("arini")
    let isTaken = try await eventually(within: 1) { try cluster.lineker.request("send arini hi").isOK }
    #expect(isTaken, "another person of the same name")
  }
}
