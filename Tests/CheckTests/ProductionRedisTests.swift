// Owns: that deploy/redis.conf says what it claims: a real Redis starts with it and Kabar runs with the rights it advises.
// Must never: read anything outside the repository and its own folder.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct ProductionRedisTests {
  private static let include = "include /etc/kabar/redis.d/*.conf"

  /// The file, with its folder of passwords moved to one of this test's; and the lines that it advises to put there.
  private func configuration(in folder: TestFolder) throws -> (file: String, users: String) {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "deploy/redis.conf"), encoding: .utf8)
    #expect(text.contains("\n\(Self.include)\n"))
    let users = text.split(separator: "\n").filter { $0.hasPrefix("#   user ") }.map { $0.dropFirst(4) }
    #expect(users.count == 3)
    let file = "\(folder.path)/redis.conf"
    try text.replacing(Self.include, with: "include \(folder.path)/redis.d/*.conf")
      .write(toFile: file, atomically: true, encoding: .utf8)
    return (file, users.joined(separator: "\n") + "\n")
  }

  private func start(_ file: String, in folder: TestFolder, _ port: Int) throws -> TestProcess {
    // Only what differs on every machine is replaced.
    try TestProcess(
      "redis-server", [file, "--port", "\(port)", "--dir", folder.path], output: "\(folder.path)/redis.out")
  }

  @Test func `Redis starts with it and means what it says`() async throws {
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    let process = try start(configuration(in: folder).file, in: folder, port)
    #expect(await eventually { process.text.contains("Ready to accept connections") }, "\(process.text)")
    func value(_ name: String) throws -> String {
      try CheckRun.shell("redis-cli -p \(port) CONFIG GET \(name) | tail -n +2")
    }
    let expected = [
      "bind": "127.0.0.1 -::1", "protected-mode": "yes", "appendonly": "yes", "appendfsync": "everysec",
      "no-appendfsync-on-rewrite": "no", "aof-load-truncated": "yes", "save": "", "maxmemory-policy": "noeviction",
      "maxmemory": "2147483648", "timeout": "0", "tcp-keepalive": "60", "latency-monitor-threshold": "100",
      "client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    ]
    for (name, text) in expected { #expect(try value(name) == text, "\(name)") }
    // Lowered by Redis itself where the limit of open files is smaller.
    #expect(try (1...10_000).contains(Int(value("maxclients")) ?? 0))
  }

  @Test func `nodes and operators have the rights that they need with it, and those reach nothing else`() async throws {
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    let (file, users) = try configuration(in: folder)
    try FileManager.default.createDirectory(atPath: "\(folder.path)/redis.d", withIntermediateDirectories: true)
    try users.write(toFile: "\(folder.path)/redis.d/users.conf", atomically: true, encoding: .utf8)
    let process = try start(file, in: folder, port)
    #expect(await eventually { process.text.contains("Ready to accept connections") }, "\(process.text)")
    let url = "redis://kabar:a-long-random-password@127.0.0.1:\(port)"
    let chatPort = try TCPSocket.freePort()
    try "arini,pw,Arini\nlineker,pw,Gary\n".write(toFile: "\(folder.path)/a.csv", atomically: true, encoding: .utf8)
    let accounts = try FinishedProcess(
      [kabarProgram, "account", "import", "\(folder.path)/a.csv", "--scrypt-log2n", "2"],
      environment: ["KABAR_REDIS": url])
    #expect(accounts.status == 0, "\(accounts.output)")
    let http = try TCPSocket.freePort()
    let node = try TestProcess(
      kabarProgram, ["serve", "--port", "\(chatPort)", "--http-port", "\(http)"],
      environment: ["KABAR_REDIS": url, "KABAR_LOG_LEVEL": "info"], output: "\(folder.path)/node.out")
    let isUp = await eventually { node.text.contains("msg=ready") || !node.isRunning }
    try #require(isUp && node.isRunning, "\(node.text)")
    let client = try LineClient(port: chatPort)
    #expect(try client.request("auth arini pw").isOK)
    #expect(try client.request("send arini hello").isOK)
    #expect(try client.request("inbox").texts(from: "arini") == ["hello"])
    for words in [["status"], ["status", "--full", "--json"], ["explain", "arini"]] {
      let run = try FinishedProcess([kabarProgram] + words, environment: ["KABAR_REDIS": url])
      #expect(run.status == 0, "\(words): \(run.output)")
    }
    #expect(try HTTPAnswer(port: http, "/cluster.json").body.contains("\"ok\" : true"))
    #expect(try client.request("logout").isOK)
    client.socket.close()
    #expect(try CheckRun(url: url).status == 0)
    let login = "redis-cli -p \(port) --no-auth-warning --user kabar --pass a-long-random-password"
    for refused in ["SET other x", "FLUSHALL", "CONFIG GET dir", "SHUTDOWN", "KEYS '*'"] {
      #expect(try CheckRun.shell("\(login) \(refused)").hasPrefix("NOPERM"), "\(refused)")
    }
    #expect(try CheckRun.shell("redis-cli -p \(port) PING").hasPrefix("NOAUTH"))
    node.kill()
  }
}
