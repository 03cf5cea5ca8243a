// Owns: what a client can do to a node, or its neighbours, on purpose.
// Must never: be skipped because it once worked: each of these has broken a node.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct HostileClientTests {
  @Test func `requests that are refused at once, by the thousand, do not overflow the stack`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode(
      "a", redis: redis, threads: 1,
      options: ["--request-timeout", "100", "--command-rate", "0", "--outbox-bytes", "\(1 << 20)"])
    redis.signal(SIGSTOP)
    defer { redis.signal(SIGCONT) }
    let attacker = try node.connect()
    // The deadline of thousands of lines has passed when the first is answered: the others are refused within that call.
    try attacker.socket.write(String(repeating: "auth a b\n", count: 20_000).utf8)
    #expect(try attacker.reply().code == "unavailable")
    redis.signal(SIGCONT)
    #expect(try node.connect().request("ping").isOK)
  }

  @Test func `lines that never end with a packet do not make the input grow`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis, threads: 1, options: ["--command-rate", "0"])
    let client = try node.connect()
    let before = try node.residentKiB()
    let line = String(repeating: " ", count: 8000) + "\n"
    let part = Array(String(repeating: line, count: 8).utf8) + [0x20]
    for _ in 0..<500 { try client.socket.write(part) }
    let grown = try node.residentKiB() - before
    #expect(grown < 12_000, "32 MB of blank lines made it grow by \(grown) KiB")
  }

  @Test func `connections that are closed for a line too long leave nothing behind`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis, threads: 1, options: ["--limits", "off"])
    let line = Array(repeating: UInt8(ascii: "x"), count: 60_000)
    let before = try node.residentKiB()
    let start = ContinuousClock.now
    for _ in 0..<1500 {
      let client = try node.connect()
      try client.socket.write(line)
      #expect(try client.reply().code == "line_too_long")
      client.socket.close()
    }
    let grown = try node.residentKiB() - before
    #expect(grown < 30_000, "1,500 connections in \(ContinuousClock.now - start) made it grow by \(grown) KiB")
  }

  @Test func `a logout elsewhere, in the middle of a login by token, leaves no request without an answer`() async throws
  {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    for _ in 0..<200 {
      let here = try a.connect()
      let token = try #require(try here.request("auth arini pw")["tokenid"])
      let there = try b.connect()
      try there.send("inbox \(token)")
      try here.send("logout")
      #expect(try here.reply().isOK)
      let reply = try there.reply()
      #expect(reply.isOK || reply.code == "invalid_session", "\(reply)")
      #expect(try there.request("ping").isOK)
    }
  }

  @Test(arguments: ["FIN", "quit"])
  func `a slow reader gets every reply that it asked for before it ended`(how: String) async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    let sender = try node.login("arini")
    let text = String(repeating: "x", count: 4000)
    for _ in 0..<60 { #expect(try sender.request("send arini \(text)").isOK) }
    let reader = try node.login("arini")
    try reader.socket.write((String(repeating: "inbox\r\n", count: 12) + (how == "quit" ? "quit\r\n" : "")).utf8)
    if how == "FIN" { reader.socket.shutDownWriting() }
    try await Task.sleep(for: .milliseconds(1500))
    for _ in 0..<12 { #expect(try reader.reply().texts(from: "arini").count == 60) }
    if how == "quit" { #expect(try reader.reply()["message"] == "bye") }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `a node that waits for Redis can be told to stop`(signal: Int32) async throws {
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    let process = try TestProcess(
      kabarProgram, ["serve", "--port", "\(port)", "--redis", "redis://127.0.0.1:1"], output: "\(folder.path)/log")
    let tries = await eventually { process.text.contains("no connection to Redis") }
    #expect(tries)
    let start = ContinuousClock.now
    process.signal(signal)
    #expect(await eventually { !process.isRunning }, "\(process.text)")
    #expect(process.waitUntilExit() == 0)
    // Half of what systemd and compose allow, on a busy machine.
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test func `a password in an address that can't be used is not shown`() throws {
    let folder = try TestFolder()
    for environment in [["KABAR_REDIS": "redis://app:s3cr%t@h:1"], [:]] {
      let arguments = environment.isEmpty ? ["--redis", "redis://app:s3cr%t@h:1"] : []
      let process = try TestProcess(
        kabarProgram, ["serve"] + arguments, environment: environment, output: "\(folder.path)/log")
      #expect(process.waitUntilExit() != 0)
      #expect(!process.text.contains("s3cr") && process.text.contains("user:password"), "\(process.text)")
    }
  }
}
