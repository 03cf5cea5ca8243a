// Owns: what a node makes of the system that it runs on: priorities and signals.
// Must never: look into the node: it reads replies, the log and /proc, as operators do.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct ProcessTests {
  // MARK: Priorities

  /// The nice value of each thread (proc(5): the 19th field of stat, of which the second may hold spaces).
  private func niceValues(_ pid: Int32) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").compactMap { thread in
      let line = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
      let fields = line?.components(separatedBy: ") ").last?.split(separator: " ") ?? []
      return fields.count > 16 ? String(fields[16]) : nil
    }
  }

  @Test func `passwords are hashed at a lower priority than messages`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis)
    #expect(try !niceValues(node.process.pid).contains("10"))
    _ = try node.login("arini")
    let values = try niceValues(node.process.pid)
    #expect(values.contains("10") && values.contains("0"), "\(values)")
    #expect(!node.log.contains("give way"))
  }

  @Test func `where the system forbids that, the node says so once and serves`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    // Nobody but root may go from 15 back to 10, and not root either without the capability.
    let confine = getuid() == 0 ? ["setpriv", "--bounding-set", "-sys_nice"] : []
    let node = try TestProcess(
      "nice", ["-n", "15"] + confine + [kabarProgram, "serve", "--port", "\(port)"],
      environment: ["KABAR_REDIS": redis.url, "KABAR_SCRYPT_LOG2N": "2"], output: "\(folder.path)/log")
    #expect(await eventually { node.text.contains("msg=ready") || !node.isRunning }, "\(node.text)")
    for _ in 0..<5 { #expect(try LineClient(port: port).request("auth arini pw").isOK) }
    let warnings = node.text.split(separator: "\n").filter { $0.contains("can't give way to messages: setpriority: ") }
    #expect(warnings.count == 1 && warnings[0].contains("level=warning"), "\(node.text)")
    #expect(node.terminate() == 0)
  }

  // MARK: Signals

  @Test func `a node without TLS has nothing to read again at SIGHUP, says so and goes on`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis)
    let client = try node.connect()
    for count in 1...2 {
      node.process.signal(SIGHUP)
      let isSaid = await eventually {
        node.log.components(separatedBy: "there is no TLS certificate to read again").count == count + 1
          || !node.process.isRunning
      }
      #expect(isSaid && node.process.isRunning, "\(node.log)")
      #expect(try client.request("ping").isOK)
    }
    #expect(node.process.terminate() == 0)
  }

  // MARK: Variables

  @Test func `KABAR_LIMITS=off lifts the limits of clients, and the node says so`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    func start(_ environment: [String: String]) async throws -> TestProcess {
      let limits = ["--connections-per-address", "1", "--command-burst", "1", "--command-rate", "1"]
      let node = try TestProcess(
        kabarProgram, ["serve", "--port", "\(port)"] + limits,
        environment: ["KABAR_REDIS": redis.url].merging(environment) { $1 }, output: "\(folder.path)/log")
      #expect(await eventually { node.text.contains("msg=ready") || !node.isRunning }, "\(node.text)")
      return node
    }
    let bounded = try await start([:])
    let only = try LineClient(port: port)
    #expect(try only.request("ping").isOK)
    #expect(try LineClient(port: port).reply().code == "too_many_connections")
    #expect(!bounded.text.contains("limits are off"))
    bounded.terminate()

    let free = try await start(["KABAR_LIMITS": "off"])
    #expect(free.text.contains("warning") && free.text.contains("limits are off"), "\(free.text)")
    let clients = try (0..<5).map { _ in try LineClient(port: port) }
    for client in clients + clients { #expect(try client.request("ping").isOK) }
    free.terminate()
  }
}
