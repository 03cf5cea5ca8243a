// Owns: proof of what the client does when Redis is late, wrong, gone or not yet there.
// Must never: wait for chance: the scripted server does each fault on demand.
// Runs on: the test's task.
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import RedisClient

@Suite(.timeLimit(.minutes(1))) struct RedisFaultTests {
  private static let lost = RedisError.connectionLost(written: true)

  /// A command that must not be repeated.
  private func append(_ words: RedisArgument...) -> RedisCommand { RedisCommand(words).appending(.never) }

  @Test func `a late reply does not shift the next answers`() async throws {
    try await ScriptedRedis.with { request, _ in
      switch request {
      case ["GET", "slow"]: .held("+slow\r\n")
      case ["GET", "next"]: .reply("+next\r\n")
      default: nil
      }
    } _: { redis async throws in
      try await LoopClient.with(redis.address, { $0.requestTimeout = .milliseconds(700) }) { client async throws in
        try await client.becomeReady()
        await #expect(throws: RedisError.timedOut(written: true)) { try await client.send("GET", "slow") }
        let next = try await client.submit(RedisCommand("GET", "next"))
        redis.release()
        #expect(try await next.get().text == "next")
        #expect(redis.connections == 1)
      }
    }
  }

  @Test func `an overdue reply ends the connection`() async throws {
    try await ScriptedRedis.with { request, connection in
      ["GET", "SET"].contains(request.first) && connection == 1 ? .nothing : nil
    } _: { redis async throws in
      try await LoopClient.with(
        redis.address,
        {
          $0.replyTimeout = .seconds(1)
          $0.requestTimeout = .seconds(60)
        }
      ) { client async throws in
        try await client.becomeReady()
        let start = ContinuousClock.now
        let futures = try await client.submit([append("GET", "a"), append("SET", "b", "c")])
        for future in futures { await #expect(throws: Self.lost) { try await future.get() } }
        // Long before the requests themselves would be overdue.
        #expect((.seconds(1)...(.seconds(20))).contains(ContinuousClock.now - start))
        #expect(try await client.send("GET", "a").text == "OK")
        #expect(redis.connections == 2)
        #expect(redis.count("SET") == 1)
        #expect(client.log.lines.first == "no connection to Redis: Redis does not answer")
      }
    }
  }

  @Test func `a drop tells the written ones, and the rest goes over the next connection`() async throws {
    try await ScriptedRedis.with { request, _ in
      request == ["GET", "drop"] ? .close : nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let written = try await client.submit([append("GET", "drop"), append("SET", "a", "1")])
        for future in written { await #expect(throws: Self.lost) { try await future.get() } }
        #expect(try await client.send("SET", "b", "2").text == "OK")
        #expect(redis.count("GET", "drop") == 1)
        #expect(redis.count("SET", "b") == 1)
        #expect(redis.connections == 2)
        #expect(client.log.lines.count == 2)
      }
    }
  }

  @Test func `what is sent before there is a Redis waits for it`() async throws {
    let port = try TCPSocket.freePort()
    try await LoopClient.with(RedisAddress(host: "127.0.0.1", port: port)) { client async throws in
      let futures = try await client.submit((0..<10).map { RedisCommand("ECHO", .number($0)) })
      try await Task.sleep(for: .milliseconds(200))
      try await ScriptedRedis.with(port: port) { request, _ in
        request.first == "ECHO" ? .reply("+\(request[1])\r\n") : nil
      } _: { redis async throws in
        for (index, future) in futures.enumerated() { #expect(try await future.get().integer == index) }
        #expect(redis.segments.last == (0..<10).map { ["ECHO", "\($0)"] })
      }
    }
  }

  @Test func `a deadline passes without a connection, too`() async throws {
    let port = try TCPSocket.freePort()
    try await LoopClient.with(RedisAddress(host: "127.0.0.1", port: port), { $0.requestTimeout = .milliseconds(100) }) {
      let start = ContinuousClock.now
      let client = $0
      await #expect(throws: RedisError.timedOut(written: false)) { try await client.send("GET", "k") }
      #expect((.milliseconds(100)...(.seconds(2))).contains(ContinuousClock.now - start))
    }
  }

  @Test(arguments: [(3, 1 << 20), (100, 3 * 14)])
  func `a full queue refuses at once`(requests: Int, bytes: Int) async throws {
    try await ScriptedRedis.with { request, _ in
      request == ["PING"] ? .held("+PONG\r\n") : nil
    } _: { redis async throws in
      try await LoopClient.with(
        redis.address,
        {
          $0.maximumRequests = requests
          $0.maximumRequestBytes = bytes
        }
      ) { client async throws in
        let futures = try await client.submit((0..<5).map { _ in RedisCommand("PING") })
        for future in futures[3...] { await #expect(throws: RedisError.overloaded) { try await future.get() } }
        await #expect(throws: RedisError.overloaded) { try await client.send("PING") }
        redis.release()
        for future in futures[..<3] { #expect(try await future.get().text == "PONG") }
        #expect(try await client.send("PING").text == "PONG")
      }
    }
  }

  @Test(arguments: [
    "-LOADING Redis is loading the dataset in memory\r\n", "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$4\r\nsync\r\n:0\r\n",
  ])
  func `waits until Redis is a master that has loaded`(role: String) async throws {
    try await ScriptedRedis.with { request, connection in
      request == ["ROLE"] && connection < 4 ? .reply(role) : nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        #expect(try await client.send("GET", "k").text == "OK")
        #expect(redis.connections == 4)
        #expect(redis.count("GET") == 1)
        #expect(client.log.lines.count == 2)  // the reason, once; and that it is over
      }
    }
  }

  @Test func `a handshake that is not answered is given up`() async throws {
    try await ScriptedRedis.with { request, connection in
      request == ["ROLE"] && connection == 1 ? .nothing : nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address, { $0.replyTimeout = .seconds(1) }) { client async throws in
        #expect(try await client.send("GET", "k").text == "OK")
        #expect(redis.connections == 2)
      }
    }
  }

  @Test func `reads replies that come byte by byte`() async throws {
    try await ScriptedRedis.with { request, _ in
      switch request {
      case ["ROLE"]: .bytewise(ScriptedRedis.master)
      case ["GET", "k"]: .bytewise("*2\r\n$5\r\na\r\nb!\r\n:-7\r\n")
      default: nil
      }
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        for future in try await client.submit((0..<20).map { _ in RedisCommand("GET", "k") }) {
          #expect(try await future.get() == .array([.bytes(Array("a\r\nb!".utf8)), .integer(-7)]))
        }
      }
    }
  }

  @Test(arguments: [("+a\r\n+b\r\n", true, "nobody asked for"), ("nonsense\r\n", false, "can't be decoded")])
  func `what can't be right ends the connection`(bytes: String, isAnswered: Bool, reason: String) async throws {
    try await ScriptedRedis.with { request, connection in
      request == ["GET", "k"] && connection == 1 ? .reply(bytes) : nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let first = try await client.submit(append("GET", "k"))
        if isAnswered {
          #expect(try await first.get().text == "a")
        } else {
          await #expect(throws: Self.lost) { try await first.get() }
        }
        #expect(await eventually { redis.connections == 2 })
        #expect(try await client.send("GET", "k").text == "OK")
        #expect(client.log.lines.first?.contains(reason) == true)
      }
    }
  }

  @Test(arguments: ["LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "READONLY"])
  func `what Redis can't do for the moment is asked again, but no append by itself`(error: String) async throws {
    let left = Mutex(4)
    try await ScriptedRedis.with { request, _ in
      guard ["GET", "RPUSHX"].contains(request.first) else { return nil }
      let isRefused = left.withLock { left in
        left -= 1
        return left >= 0
      }
      return isRefused ? .reply("-\(error) for a moment\r\n") : .reply("+done\r\n")
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let append = try await client.submit(append("RPUSHX", "k", "v")).get()
        guard case .error(let refusal) = append else {
          Issue.record("\(append)")
          return
        }
        #expect(refusal.isPassing && refusal.kind.rawValue == error)
        #expect(try await client.send("GET", "k").text == "done")
        #expect(redis.count("GET") == 4 && redis.count("RPUSHX") == 1)
      }
    }
  }

  @Test func `a server that lets in and throws out is asked with patience`() async throws {
    try await ScriptedRedis.with { request, _ in
      request.first == "SCRIPT" ? .reply("+OK\r\n+unasked\r\n") : nil
    } _: { redis async throws in
      let script = RedisScript(Array("return 1".utf8))
      try await LoopClient.with(redis.address, { $0.scripts = [script] }) { _ in
        try await Task.sleep(for: .seconds(1))
        #expect((2...20).contains(redis.connections))  // about six
      }
    }
  }

  @Test func `an idle connection is asked, and left if it is dead`() async throws {
    try await ScriptedRedis.with { request, connection in
      request == ["PING"] && connection == 2 ? .nothing : nil
    } _: { redis async throws in
      func configure(_ configuration: inout RedisConfiguration) {
        configuration.idlePing = .milliseconds(100)
        configuration.replyTimeout = .seconds(1)
      }
      try await LoopClient.with(redis.address, configure) { client async throws in
        #expect(await eventually { redis.count("PING") >= 2 })
        #expect(redis.connections == 1)
        #expect(try await client.send("GET", "k").text == "OK")
      }
      #expect(redis.connections == 1)
      try await LoopClient.with(redis.address, configure) { client async throws in
        #expect(await eventually { redis.connections == 3 })
        #expect(client.log.lines.first == "no connection to Redis: Redis does not answer")
      }
    }
  }

  @Test func `one turn of the loop leaves in one write`() async throws {
    try await ScriptedRedis.with { _, _ in
      nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        for _ in 0..<5 {
          let before = redis.segments.count
          for future in try await client.submit((0..<1000).map { _ in RedisCommand("PING") }) {
            _ = try await future.get()
          }
          #expect(redis.segments[before...].map(\.count) == [1000])
        }
      }
    }
  }

  @Test func `a long turn of the loop gives Redis work before it ends`() async throws {
    try await ScriptedRedis.with { _, _ in
      nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let command = RedisCommand("SET", "k", .text(String(repeating: "x", count: 1000)))
        let commands = Array(repeating: command, count: 50)
        #expect(try await client.submit(commands, inATurnUntil: { redis.count("SET") > 20 }))
        #expect(await eventually { redis.count("SET") == 50 })
      }
    }
  }

  @Test func `a connection that is lost within a long turn of the loop leaves nobody waiting`() async throws {
    try await ScriptedRedis.with { request, connection in
      request.first == "SET" && connection == 1 ? .close : nil
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let command = append("SET", "k", .text(String(repeating: "x", count: 1000)))
        let commands = Array(repeating: command, count: 2000)
        var outcomes: [Bool] = []
        // In the pause the connection ends, which the loop learns by its next write, while a request is being made.
        for future in try await client.submit(commands, pausingBehind: 100) {
          do {
            outcomes.append(try await future.get().text == "OK")
          } catch {
            #expect(error as? RedisError == Self.lost)
            outcomes.append(false)
          }
        }
        let lost = outcomes.firstIndex(of: true) ?? outcomes.count
        #expect(lost >= 96, "what was written may have been carried out")
        #expect(!outcomes[lost...].contains(false), "what was not waits for the next connection")
        #expect(try await client.send("GET", "a").text == "OK")
        #expect(redis.connections == 2)
      }
    }
  }

  @Test func `close fails what is pending`() async throws {
    try await ScriptedRedis.with { request, connection in
      switch request {
      case ["GET", "k"]: .nothing
      case ["GET", "drop"]: .close
      case ["ROLE"] where connection > 1: .nothing
      default: nil
      }
    } _: { redis async throws in
      try await LoopClient.with(redis.address) { client async throws in
        try await client.becomeReady()
        let written = try await client.submit(append("GET", "k"))
        #expect(await eventually { redis.count("GET", "k") == 1 })
        await client.close()
        await #expect(throws: Self.lost) { try await written.get() }
        await #expect(throws: RedisError.closed) { try await client.send("GET", "k") }
      }
      try await LoopClient.with(redis.address) { client async throws in
        let waiting = try await client.submit(RedisCommand("GET", "k"))
        await client.close()
        await #expect(throws: RedisError.closed) { try await waiting.get() }
        try await Task.sleep(for: .milliseconds(200))
      }
      #expect(redis.connections <= 2)
    }
  }

  @Test func `closed in the turn of the loop in which its next try is due, it says nothing more`() async throws {
    try await ScriptedRedis.with { _, _ in
      .close
    } _: { redis async throws in
      for round in 1...4 {
        let before = redis.connections
        try await LoopClient.with(redis.address) { client async throws in
          // It waits for up to 400 ms then; the loop stands still for longer.
          #expect(await eventually { redis.connections >= before + 4 })
          try await client.close(afterStandingStillFor: .milliseconds(450))
          let last = redis.segments.count
          try await Task.sleep(for: .milliseconds(200))
          #expect(redis.segments.count == last, "round \(round)")
        }
      }
    }
  }
}
