// Owns: what keeps a node small when clients are not friendly.
// Must never: send more than a bounded load.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct BoundsTests {
  @Test func `a thousand pipelined commands are answered in their order`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--limits", "off"])
    let client = try node.connect()
    var requests = "auth arini pw\r\n"
    for number in 0..<1000 {
      requests +=
        "send arini \(number)\r\n" + (number % 7 == 0 ? "ping\r\n" : "") + (number % 11 == 0 ? "user_aktif\r\n" : "")
    }
    try client.socket.write(requests.utf8)
    #expect(try client.reply().isOK)
    for number in 0..<1000 {
      #expect(try client.reply()["message"] == "Message Sent")
      if number % 7 == 0 { #expect(try client.reply()["message"] == "pong") }
      if number % 11 == 0 { #expect(try client.reply().users == ["arini"]) }
    }
    let page = try client.request("inbox")
    #expect(page.texts(from: "arini") == (0..<500).map(String.init))
  }

  @Test func `clients that ask for a large inbox and never read cost a bounded amount of memory`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--sessions-per-user", "30"])
    let sender = try node.login("arini")
    let text = String(repeating: "x", count: 4000)
    for _ in 0..<64 { #expect(try sender.request("send arini \(text)").isOK) }
    let before = try node.residentKiB()
    let greedy = try (0..<20).map { _ in try node.login("arini") }
    // 2,000 replies of 256 KiB would be 10 GB.
    for client in greedy { try client.socket.write(String(repeating: "inbox\r\n", count: 100).utf8) }
    try await Task.sleep(for: .seconds(1))
    let grown = try node.residentKiB() - before
    #expect(grown < 200_000, "grew by \(grown) KiB")
    #expect(try sender.request("ping").isOK)
  }

  @Test func `clients that ask for much in little and never read cost a bounded amount of memory`()
    async throws
  {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let other = try node.login("arini")
    let before = try node.residentKiB()
    // Nobody is logged in. 200,000 replies of 700 bytes are 140 MB; what the kernel takes is none of the node's memory.
    let greedy = try (0..<8).map { _ in try node.connect() }
    let burst = Array(String(repeating: "help\n", count: 25_000).utf8)
    for client in greedy { _ = try client.socket.writeWhatFits(burst) }
    try await Task.sleep(for: .seconds(3))
    #expect(try other.request("ping").isOK)
    let grown = try node.residentKiB() - before
    #expect(grown < 60_000, "grew by \(grown) KiB")
  }

  @Test func `more logins than may wait are told to come back`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, threads: 1, options: ["--scrypt-log2n", "15"])
    // Of nobody: these cost the full work of a hash. One runs, 128 wait.
    let clients = try (0..<140).map { _ in try node.connect() }
    for client in clients { try client.send("auth nobody pw") }
    let busy = try clients.last?.reply()
    #expect(busy?.code == "busy")
    #expect(busy?.retryAfter == 1000)
    // The event loop is not blocked meanwhile.
    #expect(try node.connect().request("ping").isOK)
  }

  @Test func `who waits for a hash is told to come back in time, however slow the hashes are`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    // One runs at a time and takes a third of a second or more: the last can't have their turn within 12 s.
    let node = try await ChatNode(
      "a", redis: redis, threads: 1,
      options: [
        "--scrypt-log2n", "17", "--waiting-logins", "100", "--login-failures", "0", "--request-timeout", "2000",
      ])
    let clients = try (0..<100).map { _ in try node.connect() }
    let start = ContinuousClock.now
    for client in clients { try client.send("auth nobody pw") }
    var codes: [String?] = []
    for client in clients { codes.append(try await client.awaitReply().code) }
    let took = (ContinuousClock.now - start) / .seconds(1)
    #expect(codes.contains("busy") && codes.allSatisfy { $0 == "busy" || $0 == "auth_failed" }, "\(codes)")
    // All hashes would take minutes. Behind the 12 s one that had begun is finished, which gives way to all other work of the machine.
    #expect(took < 60, "\(took) s")
    #expect(try node.connect().request("ping").isOK)
  }

  @Test func `an unknown name and a wrong password take the same time`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    try "arini,pw,Arini\n".write(toFile: "\(folder.path)/a.csv", atomically: true, encoding: .utf8)
    // The standard cost, as in production.
    let added = try TestProcess(
      kabarProgram, ["account", "import", "\(folder.path)/a.csv", "--redis", redis.url], output: "\(folder.path)/out")
    #expect(added.waitUntilExit() == 0)
    let node = try await ChatNode("a", redis: redis, options: ["--scrypt-log2n", "15", "--login-failures", "0"])
    let client = try node.connect()
    func time(_ line: String) throws -> Duration {
      let start = ContinuousClock.now
      let code = try client.request(line).code
      #expect(code == "auth_failed")
      return ContinuousClock.now - start
    }
    // The shortest of several, in turn: what else runs on the machine can only add to it, and adds to both.
    var (wrong, unknown) = (Duration.seconds(60), Duration.seconds(60))
    func isAlike() -> Bool { unknown > wrong * 0.6 && unknown < wrong * 1.7 }
    // On a busy machine it takes more to find one of each that nothing was added to.
    for round in 0..<80 where round < 10 || !isAlike() {
      wrong = min(wrong, try time("auth arini wrong"))
      unknown = min(unknown, try time("auth nobody wrong"))
    }
    #expect(isAlike(), "\(unknown) against \(wrong)")
  }
}
