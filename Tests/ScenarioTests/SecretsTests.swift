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
}
