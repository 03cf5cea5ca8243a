// Owns: proof of the client against a real redis-server.
// Must never: use a stand-in for Redis.
// Runs on: the test's task.
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import RedisClient

@Suite(.timeLimit(.minutes(1))) struct RedisClientTests {
  private func address(_ redis: RedisServer, login: String = "", database: Int = 0) throws -> RedisAddress {
    try RedisAddress("redis://\(login)127.0.0.1:\(redis.port)/\(database)")
  }

  @Test func `answers pipelined requests in order`() async throws {
    let redis = try await RedisServer()
    try await LoopClient.with(try address(redis)) { client async throws in
      let futures = try await client.submit((0..<2000).map { RedisCommand("ECHO", .number($0)) })
      for (index, future) in futures.enumerated() { #expect(try await future.get().integer == index) }
      let every = (0...255).map { UInt8($0) }
      try await client.send("SET", "k", .bytes(every))
      #expect(try await client.send("GET", "k") == .bytes(every))
      #expect(try await client.send("GET", "none") == .null)
      #expect(try await client.send("LRANGE", "none", "0", "-1") == .array([]))
    }
  }

  @Test func `hands an error of the server over and goes on`() async throws {
    let redis = try await RedisServer()
    try await LoopClient.with(try address(redis)) { client async throws in
      try await client.send("SET", "k", "v")
      let futures = try await client.submit([
        RedisCommand("INCR", "k"), RedisCommand("LLEN", "k"), RedisCommand("GET", "k"),
      ])
      guard case .error(let notNumber) = try await futures[0].get() else { throw TestFailure("no error") }
      #expect(notNumber.kind == .other)
      guard case .error(let wrongType) = try await futures[1].get() else { throw TestFailure("no error") }
      #expect(wrongType.kind == .wrongType)
      #expect(try await futures[2].get().text == "v")
    }
  }

  @Test func `loads a script that Redis forgot, and repeats the call`() async throws {
    let redis = try await RedisServer()
    let script = RedisScript(Array("return redis.call('APPEND', KEYS[1], ARGV[1])".utf8))
    try await LoopClient.with(try address(redis), { $0.scripts = [script] }) { client async throws in
      func call() async throws -> Int? {
        try await client.submit(RedisCommand(script, keys: ["k"], ["x"])).get().integer
      }
      func evals() throws -> Bool { try redis.cli("INFO", "commandstats").contains("cmdstat_eval:calls=1,") }
      #expect(try await call() == 1)
      #expect(try !evals())  // the handshake has loaded it
      #expect(try redis.cli("SCRIPT", "FLUSH") == "OK")
      #expect(try await call() == 2)
      #expect(try evals())
      #expect(try await call() == 3)
      #expect(try evals())
    }
  }

  @Test func `logs in with a password, or with user and password`() async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("ACL", "SETUSER", "kabar", "on", ">p/w@", "~*", "&*", "+@all")
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3cret")
    for (login, user) in [(":s3cret@", "default"), ("kabar:p%2Fw%40@", "kabar")] {
      try await LoopClient.with(try address(redis, login: login)) { client async throws in
        #expect(try await client.send("ACL", "WHOAMI").text == user)
      }
    }
  }

  @Test(arguments: [":wrong@", "kabar:wrong@", ""])
  func `a wrong password is tried again with patience, and said once`(login: String) async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3cret")
    let before = try redis.connectionsReceived(password: "s3cret")
    try await LoopClient.with(try address(redis, login: login), { $0.requestTimeout = .seconds(1) }) {
      client async throws in
      await #expect(throws: RedisError.timedOut(written: false)) { try await client.send("GET", "k") }
      #expect(try await !client.isReady)
      // About six in a second with backoff; the second count is a connection, too.
      let made = try redis.connectionsReceived(password: "s3cret") - before
      #expect((2...20).contains(made))
      #expect(client.log.lines.count == 1)
      #expect(client.log.lines.first?.contains(login.isEmpty ? "NOAUTH" : "WRONGPASS") == true)
      #expect(!client.log.lines.joined().contains("wrong@"))
    }
  }

  @Test func `uses its database and its name`() async throws {
    let redis = try await RedisServer()
    try await LoopClient.with(try address(redis, database: 3)) { client async throws in
      try await client.send("SET", "k", "v")
      #expect(try redis.cli("-n", "3", "GET", "k") == "v")
      #expect(try redis.cli("GET", "k") == "")
      #expect(try redis.cli("CLIENT", "LIST").contains(" name=kabar-test-0 "))
    }
  }

  @Test func `reaches Redis through a socket file`() async throws {
    let folder = try TestFolder()
    let redis = try await RedisServer("--unixsocket", "\(folder.path)/redis.sock")
    try await LoopClient.with(try RedisAddress("unix://\(folder.path)/redis.sock")) { client async throws in
      try await client.send("SET", "k", "v")
      #expect(try redis.cli("GET", "k") == "v")
    }
  }

  @Test func `a replica is refused`() async throws {
    let redis = try await RedisServer()
    let replica = try await RedisServer("--replicaof", "127.0.0.1 \(redis.port)")
    try await LoopClient.with(try address(replica), { $0.requestTimeout = .milliseconds(600) }) { client async throws in
      await #expect(throws: RedisError.timedOut(written: false)) { try await client.send("GET", "k") }
      #expect(client.log.lines == ["no connection to Redis: this Redis is a slave, a master is needed"])
      #expect(try replica.cli("REPLICAOF", "NO", "ONE") == "OK")
      #expect(await eventually { (try? await client.send("SET", "k", "v").text) == "OK" })
    }
  }

  @Test func `waits for a Redis that is restarted`() async throws {
    let redis = try await RedisServer()
    try await LoopClient.with(try address(redis)) { client async throws in
      try await client.send("SET", "k", "v")
      redis.kill()
      let waiting = try await client.submit(RedisCommand("GET", "k"))
      try await redis.start()
      do {
        #expect(try await waiting.get().text == "v")
      } catch RedisError.connectionLost(written: true) {
        // The kill was noticed only after the write; the next one finds the new connection.
        #expect(try await client.send("GET", "k").text == "v")
      }
    }
  }

  @Test func `a reply beyond the cap ends the connection, not the client`() async throws {
    let redis = try await RedisServer()
    try await LoopClient.with(try address(redis), { $0.maximumReplyBytes = 1000 }) { client async throws in
      try await client.send("SETRANGE", "k", .number(300_000), "x")
      await #expect(throws: RedisError.connectionLost(written: true)) { try await client.send("GET", "k") }
      #expect(try await client.send("GETRANGE", "k", "0", "899").elements == nil)
      #expect(client.log.lines.first?.contains("tooLarge") == true)
    }
  }

  @Test func `async code has a door`() async throws {
    let redis = try await RedisServer()
    let configuration = RedisConfiguration(address: try address(redis), connectionName: "kabar-door")
    let log = RecordedLog()
    let handle = try await RedisHandle.open(
      configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: log.logger)
    #expect(try await handle.send(RedisCommand("SET", "k", "5")).text == "OK")
    #expect(try await handle.perform(RedisRequest(RedisCommand("GET", "k")) { $0.integer }) == 5)
    await #expect(throws: RedisError.unexpectedReply) {
      try await handle.perform(RedisRequest(RedisCommand("GET", "k")) { $0.elements })
    }
    await handle.close()
    await #expect(throws: RedisError.closed) { try await handle.send(RedisCommand("GET", "k")) }
  }
}
