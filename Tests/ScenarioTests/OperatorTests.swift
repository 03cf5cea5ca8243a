// Owns: what an operator sees of a node without asking Redis: its log, its HTTP port, what it tells systemd.
// Must never: look into the node.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct OperatorTests {
  private func start(
    _ redis: RedisServer, _ folder: TestFolder, _ options: [String] = [], _ environment: [String: String] = [:]
  ) async throws -> (node: TestProcess, port: Int) {
    let port = try TCPSocket.freePort()
    let node = try TestProcess(
      kabarProgram, ["serve", "--port", "\(port)"] + options,
      environment: ["KABAR_REDIS": redis.url, "KABAR_SCRYPT_LOG2N": "2"].merging(environment) { $1 },
      output: "\(folder.path)/\(port).log")
    #expect(await eventually { node.text.contains("ready") || !node.isRunning }, "\(node.text)")
    return (node, port)
  }

  @Test func `SIGUSR1 makes the log say more, down to each command with its connection and its message`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let folder = try TestFolder()
    let (node, port) = try await start(redis, folder)
    let arini = try LineClient(port: port)
    #expect(try arini.request("auth arini pw").isOK)
    let lineker = try LineClient(port: port)
    #expect(try lineker.request("auth lineker pw").isOK && lineker.request("listen").isOK)
    #expect(!node.text.contains("level=debug") && !node.text.contains("msg=answered"))
    for level in ["info", "debug", "trace"] {
      node.signal(SIGUSR1)
      #expect(await eventually { node.text.contains("the log level is \(level) now") }, "\(node.text)")
    }
    try await Task.sleep(for: .seconds(1.2))  // event loops look once a second
    let id = try #require(try arini.request("send lineker hush hush")["id"])
    #expect(try await lineker.awaitReply().event == "message")
    #expect(await eventually { node.text.contains("msg=told") })
    let lines = node.text.split(separator: "\n").filter { $0.contains("id=\(id)") }
    #expect(lines.count == 2, "\(node.text)")
    let answered = try #require(lines.first { $0.contains("msg=answered") })
    for part in ["level=trace", "command=send", "code=ok", "user=arini", "session=", " us="] {
      #expect(answered.contains(part), "\(answered)")
    }
    #expect(answered.contains(#/connection=\d+-\d+ /#))
    #expect(lines.contains { $0.contains("msg=told") && $0.contains("user=lineker") && $0.contains("seq=1") })
    // The same for who asks instead of listening.
    let other = try LineClient(port: port)
    #expect(try other.request("auth lineker pw").isOK && other.request("inbox").isOK)
    #expect(await eventually { node.text.contains("ids=\(id)") }, "\(node.text)")
    #expect(try other.request("inbox").isOK)
    #expect(!node.text.contains("hush"))
    node.signal(SIGUSR1)
    #expect(await eventually { node.text.contains("the log level is notice now") })
    try await Task.sleep(for: .seconds(1.2))
    let before = node.text.count
    #expect(try arini.request("ping").isOK)
    #expect(node.text.count == before)
    node.terminate()
  }

  @Test func `a node says at its start what its environment and Redis will not bear`() async throws {
    let folder = try TestFolder()
    let redis = try await RedisServer("--appendonly", "no", "--appendfsync", "everysec")
    let (node, _) = try await start(redis, folder, [], ["KABAR_COMAND_RATE": "5"])
    let isSaid = await eventually { node.text.contains("append-only") || node.text.contains("persistence is off") }
    #expect(isSaid, "\(node.text)")
    #expect(node.text.contains("there is no setting KABAR_COMAND_RATE; is KABAR_COMMAND_RATE meant?"))
    node.terminate()
    let sound = try await RedisServer("--appendfsync", "everysec")
    let file = "\(folder.path)/kabar.yaml"
    #expect(try sound.cli("CONFIG", "SET", "requirepass", "s3cr3t") == "OK")
    let url = sound.url.replacing("//", with: "//:s3cr3t@")
    try "redis: \(url)\n".write(toFile: file, atomically: true, encoding: .utf8)
    let (quiet, port) = try await start(sound, folder, ["--config", file], ["KABAR_REDIS": ""])
    let isOpen = "every user of this machine can read the password for Redis"
    #expect(quiet.text.contains(isOpen) && quiet.text.contains(file))
    #expect(try LineClient(port: port).request("ping").isOK)
    try await Task.sleep(for: .milliseconds(300))
    #expect(!quiet.text.contains("append") && !quiet.text.contains("no setting"), "\(quiet.text)")
    quiet.terminate()
    chmod(file, 0o600)
    let (closed, _) = try await start(sound, folder, ["--config", file], ["KABAR_REDIS": ""])
    #expect(!closed.text.contains(isOpen))
    closed.terminate()
  }

  @Test(arguments: [
    ("echo 0 >/proc/sys/net/ipv4/tcp_migrate_req", true), ("echo 1 >/proc/sys/net/ipv4/tcp_migrate_req", false),
    ("mount -t tmpfs none /proc/sys", true),
  ])
  func `a node warns where the kernel does not move connections, or does not say`(
    setting: String, isWarned: Bool
  )
    async throws
  {
    let folder = try TestFolder()
    let socket = "\(folder.path)/redis.sock"
    let redis = try await RedisServer("--unixsocket", socket)
    let serve = "exec '\(kabarProgram)' serve --host 0.0.0.0 --http-port 0 --redis unix://\(socket)"
    let node = try TestProcess(
      "unshare", ["-rnm", "bash", "-c", "\(setting) && \(serve)"], environment: ["KABAR_WEB_PORT": "0"],
      output: "\(folder.path)/log")
    #expect(await eventually { node.text.contains("msg=ready") || !node.isRunning }, "\(node.text)")
    try await Task.sleep(for: .milliseconds(200))
    #expect(node.text.contains("tcp_migrate_req=1") == isWarned, "\(node.text)")
    #expect(node.terminate() == 0)
    withExtendedLifetime(redis) {}
  }

  @Test func `a node that is restarted answers operators where they asked it, and Redis knows where`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    var ports: [String] = []
    // A node of another test may take the port in between; old connections of ours must not.
    for _ in 0..<6 where ports.count < 2 || ports.last != ports.dropLast().last {
      let (node, _) = try await start(redis, folder)
      ports.append(String(try #require(node.text.firstMatch(of: /http=(\S+)/), "\(node.text)").output.1))
      let id = try redis.cli("ZRANGE", "kabar:nodes", "0", "0")
      #expect(try redis.cli("HGET", "kabar:node:\(id)", "http") == ports.last)
      let port = try #require(ports.last?.split(separator: ":").last.flatMap { Int($0) })
      #expect(try HTTPAnswer(port: port, "/livez").status == 200)
      node.terminate()
    }
    #expect(ports.last == ports.dropLast().last, "\(ports)")
  }

  @Test func `where a node answers operators stands in its log while it waits for Redis`() async throws {
    let folder = try TestFolder()
    let (chat, redis) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let node = try TestProcess(
      kabarProgram, ["serve", "--port", "\(chat)"], environment: ["KABAR_REDIS": "redis://127.0.0.1:\(redis)"],
      output: "\(folder.path)/log")
    #expect(await eventually { node.text.contains("http=127.0.0.1:") || !node.isRunning }, "\(node.text)")
    let port = try #require(node.text.firstMatch(of: /http=127\.0\.0\.1:(\d+)/).flatMap { Int($0.output.1) })
    #expect(try HTTPAnswer(port: port, "/readyz").status == 503)
    #expect(!node.text.contains("msg=ready"))
    node.terminate()
  }

  @Test func `a probe finds the port for operators in a file, or the node does not start`() async throws {
    let folder = try TestFolder()
    let redis = try await RedisServer()
    redis.signal(SIGSTOP)
    let (chat, http) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let file = "\(folder.path)/http-port"
    func serve(_ file: String) throws -> TestProcess {
      try TestProcess(
        kabarProgram, ["serve", "--port", "\(chat)", "--http-port", "\(http)", "--http-port-file", file],
        environment: ["KABAR_REDIS": redis.url],
        output: "\(folder.path)/log")
    }
    try "1\n".write(toFile: file, atomically: true, encoding: .utf8)
    let node = try serve(file)
    func port() -> Int? { (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { Int($0.dropLast()) } }
    #expect(await eventually { port() == http || !node.isRunning }, "\(node.text)")
    let answer = try HTTPAnswer(port: http, "/readyz")
    #expect(answer.status == 503, "it waits for Redis: \(answer.body)")
    #expect(try Self.composeProbe(file) != 0)
    redis.signal(SIGCONT)
    let isHealthy = try await eventually { try Self.composeProbe(file) == 0 }
    #expect(isHealthy, "\(node.text)")
    #expect(node.terminate() == 0)
    #expect(try Self.composeProbe(file) != 0)
    let lost = try serve("\(folder.path)/nowhere/http-port")
    #expect(lost.waitUntilExit() == 1)
    let reason = "cannot write \(folder.path)/nowhere/http-port: No such file or directory"
    #expect(lost.text.contains(reason), "\(lost.text)")
  }

  /// The status with which the healthcheck that compose.yaml gives a node ends here.
  private static func composeProbe(_ portFile: String) throws -> Int32 {
    let compose = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../compose.yaml")
    let path = "/run/kabar/http-port"
    let line = try String(contentsOf: compose, encoding: .utf8).split(separator: "\n").first { $0.contains("<\(path)") }
    let command = try #require(line).trimmingPrefix { " -".contains($0) }
    let script = command.replacing("$$", with: "$").replacing(path, with: portFile)
    return try TestProcess("bash", ["-c", String(script)], output: portFile + ".out").waitUntilExit()
  }

  @Test func `a log in JSON is an object on every line`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let (node, port) = try await start(redis, folder, ["--log-format", "json"], ["KABAR_LOG_LEVEL": "debug"])
    #expect(try LineClient(port: port).request("ping").isOK)
    #expect(await eventually { node.text.contains("disconnected") })
    node.terminate()
    let lines = node.text.split(separator: "\n")
    #expect(lines.count > 3)
    // Redis has that port.
    let late = try TestProcess(
      kabarProgram, ["serve", "--port", "\(redis.port)", "--log-format", "json"],
      environment: ["KABAR_REDIS": redis.url], output: "\(folder.path)/late")
    #expect(late.waitUntilExit() == 1)
    let last = late.text.split(separator: "\n")
    #expect(last.last?.contains("port \(redis.port): Address already in use") == true, "\(late.text)")
    for line in lines + last {
      let fields = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
      #expect(["time", "level", "msg", "node"].allSatisfy { fields[$0] != nil }, "\(line)")
    }
  }

  @Test func `each node takes the next free port for HTTP, and says which`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    var ports: [Int] = []
    var nodes: [TestProcess] = []
    for _ in 0..<2 {
      let (node, _) = try await start(redis, folder)
      nodes.append(node)
      let match = try #require(node.text.firstMatch(of: /http=127\.0\.0\.1:(\d+)/), "\(node.text)")
      ports.append(try #require(Int(match.output.1)))
    }
    #expect(ports[0] != ports[1] && ports.allSatisfy { (8900...8999).contains($0) })
    for port in ports { #expect(try HTTPAnswer(port: port, "/livez").status == 200) }
    // What `kabar up` holds for its nodes nobody else takes, before they listen, too.
    let holder = try TestProcess(
      "python3",
      [
        "-c",
        "import socket,time; s=[]\nfor p in range(8900, 8960):\n  t=socket.socket()\n  try: t.bind(('127.0.0.1', p))\n"
          + "  except OSError: continue\n  t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.append(t)\n"
          + "print('held', *[t.getsockname()[1] for t in s], 'all', flush=True); time.sleep(60)",
      ], output: "\(folder.path)/held")
    #expect(await eventually { holder.text.contains("all") }, "\(holder.text)")
    let (third, _) = try await start(redis, folder)
    nodes.append(third)
    let match = try #require(third.text.firstMatch(of: /http=127\.0\.0\.1:(\d+)/), "\(third.text)")
    let held = holder.text.split(separator: " ")
    #expect(held.count > 30 && !held.contains(match.output.1), "\(third.text) \(held)")
    let (silent, _) = try await start(redis, folder, ["--http-port", "0"])
    #expect(!silent.text.contains("http="))
    for node in nodes + [silent] { node.terminate() }
  }

  @Test func `systemd is told that the node is ready, and again and again that its event loops turn`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let script = """
      import socket, sys
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
      while True: print(s.recv(1000).decode(), flush=True)
      """
    let listener = try TestProcess("python3", ["-c", script, "\(folder.path)/notify"], output: "\(folder.path)/told")
    #expect(await eventually { listener.text.contains("bound") })
    func told(_ words: String) -> Int { listener.text.split(separator: "\n").count { $0 == words } }
    let (node, _) = try await start(
      redis, folder, [], ["NOTIFY_SOCKET": "\(folder.path)/notify", "WATCHDOG_USEC": "200000"])
    #expect(await eventually { told("READY=1") == 1 && told("WATCHDOG=1") > 3 }, "\(listener.text)")
    node.signal(SIGSTOP)
    let before = told("WATCHDOG=1")
    try await Task.sleep(for: .milliseconds(500))
    #expect(told("WATCHDOG=1") <= before + 1)
    node.signal(SIGCONT)
    node.terminate()
    #expect(await eventually { told("STOPPING=1") == 1 })
    let (foreign, _) = try await start(
      redis, folder, [],
      ["NOTIFY_SOCKET": "\(folder.path)/notify", "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"])
    let after = told("WATCHDOG=1")
    #expect(await eventually { told("READY=1") == 2 })
    try await Task.sleep(for: .milliseconds(500))
    #expect(told("WATCHDOG=1") == after, "another process's watchdog")
    foreign.terminate()
  }
}
