// Owns: what an attacker who guesses passwords meets, and what his neighbours notice of it.
// Must never: look into the nodes; addresses are those of the loopback, 127.0.0.1 and its neighbours.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct GuessingTests {
  @Test func `two hundred guesses from one address over all nodes are few hashes, and another address logs in at once`()
    async throws
  {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let cost = ["--scrypt-log2n", "13"]
    let nodes = [
      try await ChatNode("a", redis: redis, threads: 1, options: cost),
      try await ChatNode("b", redis: redis, threads: 1, options: cost),
      try await ChatNode("c", redis: redis, threads: 1, options: cost),
    ]
    // All at once: what has not failed yet is not counted yet.
    let guessers = try (0..<200).map { try LineClient(port: nodes[$0 % 3].port, node: nodes[$0 % 3]) }
    for (number, guesser) in guessers.enumerated() { try guesser.send("auth nobody guess\(number)") }

    let neighbour = try LineClient(port: nodes[0].port, from: "127.0.0.2", node: nodes[0])
    #expect(try neighbour.request("auth lineker pw").isOK)

    let codes = try guessers.map { try $0.reply().code ?? "OK" }
    let hashed = codes.count { $0 == "auth_failed" }
    // Five are free; one more may be under way on each of the three nodes.
    #expect((5...8).contains(hashed), "\(hashed)")
    #expect(codes.allSatisfy { ["auth_failed", "too_many_attempts", "busy"].contains($0) })
    #expect(codes.contains("too_many_attempts"))
    for client in guessers + [neighbour] { #expect(try client.request("ping").isOK) }
  }

  /// Whoever hangs up does not see the answer; it must cost the same, and its traces must not show it.
  @Test func `who resets the connection while a password is checked is counted, and opens no session`() async throws {
    let redis = try await RedisServer()
    // A hash that takes longer than its client stays, on a quick machine too: one of 2^14 takes 30 ms there.
    try await redis.addAccounts(["arini"], log2N: 16)
    let node = try await ChatNode("a", redis: redis, threads: 1, options: ["--scrypt-log2n", "16"])
    func hangUp(on line: String) throws {
      let client = try LineClient(port: node.port, from: "127.0.0.9", node: node)
      #expect(try client.request("ping").isOK)
      try client.send(line)
      // Not a task's sleep: beside other tests that ends when the hash is long done.
      usleep(30_000)
      client.socket.reset()
    }
    func failures() throws -> Int {
      let value = try redis.cli("HGET", "kabar:attempts:127.0.0.9", "nobody").split(separator: " ").first
      return value.flatMap { Int($0) } ?? 0
    }
    // Some may be gone before their line is read. One at a time: who hangs up while others wait for a hash loses the place.
    let isCounted = try await eventually(within: 60) {
      let before = try failures()
      try hangUp(on: "auth nobody wrong")
      _ = try await eventually(within: 3) { try failures() > before }
      return try failures() >= 3
    }
    #expect(isCounted)
    #expect(try redis.cli("EXISTS", "kabar:attempts:unknown") == "0")
    for _ in 0..<3 { try hangUp(on: "auth arini pw") }
    try await Task.sleep(for: .seconds(2))
    #expect(try redis.cli("EXISTS", "kabar:{u:arini}:sessions") == "0")
    #expect(try LineClient(port: node.port, from: "127.0.0.10", node: node).request("auth arini pw").isOK)
  }

  @Test func `a guesser must wait on every node, and nobody else, for a known account and an unknown one alike`()
    async throws
  {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    var refusals: [String] = []
    for user in ["arini", "nobody"] {
      for number in 0..<5 {
        let reply = try (number % 2 == 0 ? a : b).connect().request("auth \(user) wrong")
        #expect(reply.code == "auth_failed")
      }
      for node in [a, b] {
        let reply = try node.connect().request("auth \(user) \(user == "arini" ? "pw" : "wrong")")
        #expect(reply.code == "too_many_attempts", "not even the right one")
        let wait = try #require(reply.retryAfter)
        #expect((1...1000).contains(wait))
        refusals.append(reply.description.replacing(/[0-9]+}/, with: "}"))
      }
    }
    #expect(Set(refusals).count == 1, "\(refusals)")
    let elsewhere = try LineClient(port: a.port, from: "127.0.0.2", node: a)
    #expect(try elsewhere.request("auth arini pw").isOK)
    // After the wait the right one works, and the count is gone.
    let works = await eventually(within: 3) { (try? b.connect().request("auth arini pw").isOK) == true }
    #expect(works)
    #expect(try redis.cli("HGET", "kabar:attempts:127.0.0.1", "arini") == "")
    #expect(try redis.cli("HGET", "kabar:attempts:127.0.0.1", "*").hasPrefix("10 "))
    #expect(try redis.cli("EXISTS", "kabar:attempts:127.0.0.2") == "0")
  }

  @Test func `without a limit nobody waits`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--login-failures", "0"])
    let client = try node.connect()
    for _ in 0..<30 { #expect(try client.request("auth arini wrong").code == "auth_failed") }
    #expect(try client.request("auth arini pw").isOK)
    #expect(try redis.cli("KEYS", "kabar:attempts:*") == "")
  }

  @Test func `a storm of logins from one address leaves the others their turn`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("lineker")
    let node = try await ChatNode(
      "a", redis: redis, threads: 1, options: ["--scrypt-log2n", "13", "--login-failures", "1000"])
    let storm = try (0..<200).map { _ in try node.connect() }
    for client in storm { try client.send("auth nobody x") }
    func waiting() -> Int { storm.count { !$0.hears(withinMilliseconds: 0) } }
    // All have been looked at when no more wait than may: 128, and one whose hash runs.
    #expect(await eventually { waiting() <= 129 })
    let before = waiting()
    let neighbour = try LineClient(port: node.port, from: "127.0.0.2", node: node)
    #expect(try neighbour.request("auth lineker pw").isOK)
    // Not by the clock: the machine may be busy with other tests. Of those that waited before it few had their turn.
    let overtaken = waiting()
    #expect(before > 60 && overtaken > before - 10, "\(overtaken) of \(before)")
    let codes = try storm.map { try $0.reply().code }
    #expect(codes.contains("busy") && codes.contains("auth_failed"))
  }
}
