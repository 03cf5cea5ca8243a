// Owns: that what must stay secret stands in no log, no answer to operators, and (tokens) not in Redis' file.
// Must never: share code with the node: it reads what an operator, or a thief of files, would read.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct SecretsTests {
  // MARK: What Redis repeats of a request in its errors

  @Test func `a Redis that doesn't know AUTH brings no password into the log, readyz or an error`() async throws {
    let redis = try await RedisServer("--rename-command", "AUTH", "")
    let repeated = try redis.cli("AUTH", "s3cr3t-pw")
    #expect(repeated.contains("unknown command 'AUTH'") && repeated.contains("s3cr3t-pw"), "\(repeated)")
    let folder = try TestFolder()
    let (port, http) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let environment = ["KABAR_REDIS": redis.url.replacing("//", with: "//:s3cr3t-pw@"), "KABAR_LOG_LEVEL": "trace"]
    let node = try TestProcess(
      kabarProgram, ["serve", "--port", "\(port)", "--http-port", "\(http)"], environment: environment,
      output: "\(folder.path)/log")
    let isSaid = await eventually {
      node.text.contains("unknown command 'AUTH'") && (try? HTTPAnswer(port: http, "/readyz").status) == 503
    }
    #expect(isSaid, "\(node.text)")
    let answer = try HTTPAnswer(port: http, "/readyz")
    #expect(answer.status == 503 && !answer.body.contains("s3cr3t"), "\(answer.body)")
    let list = try TestProcess(
      kabarProgram, ["account", "list"], environment: environment, output: "\(folder.path)/list")
    #expect(list.waitUntilExit() != 0 && list.text.contains("unknown command 'AUTH'"), "\(list.text)")
    #expect(!list.text.contains("s3cr3t"), "\(list.text)")
    #expect(node.terminate() == 0)
    #expect(!node.text.contains("s3cr3t"), "\(node.text)")
  }

  @Test func `a Redis that doesn't know RPUSHX brings no text of a message into the log`() async throws {
    let redis = try await RedisServer("--rename-command", "RPUSHX", "")
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: redis, options: ["--log-level", "trace"])
    let client = try node.login("arini")
    // The first goes another way: how full the inbox is has to be asked.
    for _ in 0..<3 { _ = try client.request("send lineker s3cr3t-text") }
    #expect(try client.request("send lineker s3cr3t-text").code == "unavailable")
    #expect(node.log.contains("unknown command 'RPUSHX'") && !node.log.contains("s3cr3t"), "\(node.log)")
  }

  // MARK: What people say

  /// Each line with a secret in it that can't be read or is refused.
  private static let badLines: [[UInt8]] =
    [
      "s3cr3t-text", "s3cr3t-text \u{1B}[2J", "auth s3cr3t-pw", "passwd s3cr3t-pw", "passwd \"s3cr3t-pw new",
      "send s3cr3t-text", "send .x s3cr3t-text", "send nobody s3cr3t-text",
      "send lineker s3cr3t-text \(String(repeating: "x", count: 4097))", "resume s3cr3t-token", "inbox s3cr3t-token",
      "@id=s3cr3t-text", "ping s3cr3t-text", "watch s3cr3t-text!",
    ].map { Array($0.utf8) } + [Array("send lineker s3cr3t-text ".utf8) + [0xC3, 0x28]]

  /// The commands that Redis has written down.
  private func appendOnlyFile(_ redis: RedisServer) throws -> String {
    let folder = try redis.cli("CONFIG", "GET", "dir").split(separator: "\n").last.map { "\($0)/appendonlydir" } ?? ""
    return try FileManager.default.contentsOfDirectory(atPath: folder).map { file in
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")), as: UTF8.self)
    }.joined()
  }

  @Test func `no password, token or text gets into a log, and no password or token into Redis' file`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let node = try await ChatNode(
      "a", redis: redis, options: ["--log-level", "trace", "--request-timeout", "500"])
    var tokens: [String] = []
    func login(_ user: String, _ password: String) throws -> LineClient {
      let client = try node.connect()
      tokens.append(try #require(try client.request("auth \(user) \(password)")["tokenid"]))
      return client
    }
    #expect(try node.connect().request("auth arini s3cr3t-pw").code == "auth_failed")
    let first = try login("arini", "pw")
    #expect(try first.request("passwd s3cr3t-pw-wrong s3cr3t-pw").code == "auth_failed")
    #expect(try first.request("passwd pw s3cr3t-pw").isOK)
    let arini = try login("arini", "s3cr3t-pw")
    let lineker = try login("lineker", "pw")
    #expect(try arini.request("send lineker s3cr3t-text").isOK)
    #expect(try arini.request("@id=a send lineker s3cr3t-text tagged").isOK)
    let resumed = try node.connect()
    #expect(try resumed.request("resume \(tokens[2])").isOK)
    #expect(try resumed.request("inbox").texts(from: "arini") == ["s3cr3t-text", "s3cr3t-text tagged"])
    #expect(try resumed.request("inbox \(tokens[2])").isOK)
    tokens.append("0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11")
    #expect(try node.connect().request("resume \(tokens[3])").code == "invalid_session")
    #expect(try lineker.request("listen").isOK)
    #expect(try arini.request("send lineker s3cr3t-text pushed").isOK)
    #expect(try lineker.reply()["msg"] == "s3cr3t-text pushed")
    for line in Self.badLines {
      try arini.socket.write(line + [13, 10])
      #expect(try !arini.reply().isOK, "\(String(decoding: line, as: UTF8.self))")
    }
    let tooLong = try node.connect()
    try tooLong.send(String(repeating: "s3cr3t-text ", count: 1000))
    #expect(try tooLong.reply().code == "line_too_long")

    redis.kill()
    #expect(try arini.request("send lineker s3cr3t-text lost").code == "unavailable")
    #expect(try node.connect().request("auth arini s3cr3t-pw").code == "unavailable")
    #expect(try node.connect().request("resume \(tokens[1])").code == "unavailable")
    #expect(try node.connect().request("passwd s3cr3t-pw s3cr3t-pw2").code == "not_logged_in")
    try await redis.start()
    let isBack = await eventually { (try? arini.request("send lineker s3cr3t-text again").isOK) == true }
    #expect(isBack)
    // It may be on another event loop, with a connection to Redis of its own.
    let isOut = await eventually { (try? first.request("logout").isOK) == true }
    #expect(isOut)
    #expect(node.process.terminate() == 0)

    for word in ["logged in", "session=", "changed a password", "no connection to Redis"] {
      #expect(node.log.contains(word), "\(word)")
    }
    // A token that is printed as a value gives itself away by its two numbers.
    for word in ["s3cr3t", "SessionToken("] { #expect(!node.log.contains(word), "\(node.log)") }
    let file = try appendOnlyFile(redis)
    #expect(file.contains("s3cr3t-text") && file.contains("kabar:session:"))
    #expect(!file.contains("s3cr3t-pw"))
    for token in tokens {
      #expect(!node.log.contains(token))
      #expect(!file.contains(token))
    }
  }
}
