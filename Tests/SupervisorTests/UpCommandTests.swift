// Owns: `kabar up` as its user meets it: real processes, a real redis-server, stand-in nodes.
// Must never: leave a process behind, or take a fixed time for granted.
// Runs on: any thread, one test at a time: each has a cluster of its own, and two cores are few.
import Foundation
import Glibc
import Testing

@testable import Supervisor

@Suite(.serialized) struct UpCommandTests {
  @Test func `Redis answers before a node starts, and all nodes serve before it says ready`() async throws {
    let up = try UpProcess(port: TestSocket.freePort())
    defer { up.stop() }
    try await up.waitUntilReady()
    let starts = Set(up.log.filter { $0.contains("started") })
    #expect(starts == ["n1 started +PONG", "n2 started +PONG", "n3 started +PONG"])
    #expect(Set(up.log.filter { $0.hasSuffix("ready") }) == ["n1 ready", "n2 ready", "n3 ready"])
    #expect(up.stdout.last?.hasPrefix("ready") == true)
    #expect(TestSocket.ask("PING", port: try up.redisPort()) == "+PONG\r\n")
    for name in ["redis", "n1", "n2", "n3"] { #expect(up.processes.contains(try up.tablePid(name)), "\(name)") }
  }

  @Test func `a node that is killed comes back, and the others go on`() async throws {
    let up = try UpProcess(port: TestSocket.freePort())
    defer { up.stop() }
    try await up.waitUntilReady()
    let old = try up.tablePid("n2")
    kill(old, SIGKILL)
    let new = try await up.waitForReturn(of: "n2")
    #expect(new != old)
    #expect(up.stderr.contains { $0.contains("n2 (pid \(old)) was killed by signal 9; starting it again in 100 ms") })
    let all = up.processes
    #expect(all.contains(new) && !all.contains(old))
    for name in ["redis", "n1", "n3"] { #expect(all.contains(try up.tablePid(name)), "\(name)") }
  }

  @Test func `a Redis that is killed comes back with its data, and the nodes stay`() async throws {
    let up = try UpProcess(port: TestSocket.freePort())
    defer { up.stop() }
    try await up.waitUntilReady()
    let port = try up.redisPort()
    #expect(TestSocket.ask("SET kept yes", port: port) == "+OK\r\n")
    kill(try up.tablePid("redis"), SIGKILL)
    let new = try await up.waitForReturn(of: "redis")
    #expect(TestSocket.ask("GET kept", port: port) == "$3\r\nyes\r\n")
    let all = up.processes
    #expect(all.contains(new))
    for name in ["n1", "n2", "n3"] { #expect(all.contains(try up.tablePid(name)), "\(name)") }
  }

  @Test(arguments: [
    ([], [:], "everysec"), (["--durability", "always"], [:], "always"), ([], ["KABAR_DURABILITY": "always"], "always"),
    (["--durability", "everysec"], ["KABAR_DURABILITY": "always"], "everysec"),
  ])
  func `Redis syncs as the option or the environment says`(
    options: [String], settings: [String: String], value: String
  ) async throws {
    let up = try UpProcess(port: TestSocket.freePort(), nodes: 1, options: options, settings: settings)
    defer { up.stop() }
    try await up.waitUntilReady()
    let answer = TestSocket.ask("CONFIG GET appendfsync", port: try up.redisPort())
    #expect(answer?.hasSuffix("\r\n\(value)\r\n") == true, "\(answer ?? "nothing")")
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `stops the nodes while Redis still answers, then all, and keeps the data`(signal: Int32) async throws {
    let port = try TestSocket.freePort()
    let up = try UpProcess(port: port)
    defer { up.stop() }
    try await up.waitUntilReady()
    #expect(TestSocket.ask("SET kept yes", port: try up.redisPort()) == "+OK\r\n")
    kill(up.pid, signal)
    #expect(try await up.waitForEnd() == .exited(status: 0))
    #expect(up.processes == [])
    #expect(Set(up.log.suffix(3)) == ["n1 stopping +PONG", "n2 stopping +PONG", "n3 stopping +PONG"])

    let again = try UpProcess(port: port, data: "\(up.folder)/data", nodes: 1)
    defer { again.stop() }
    try await again.waitUntilReady()
    #expect(TestSocket.ask("GET kept", port: try again.redisPort()) == "$3\r\nyes\r\n")
  }

  @Test func `SIGHUP drains and replaces one node after the other`() async throws {
    let up = try UpProcess(port: TestSocket.freePort())
    defer { up.stop() }
    try await up.waitUntilReady()
    let old = try ["n1", "n2", "n3"].map { try up.tablePid($0) }
    kill(up.pid, SIGHUP)
    #expect(await eventually { up.stderr.last == "kabar up: all nodes are restarted" }, "\(up.stderr)")
    let life = ["draining +PONG", "started +PONG", "ready"]
    #expect(up.log.suffix(9) == (1...3).flatMap { node in life.map { "n\(node) \($0)" } }[...])
    #expect(Set(old).isDisjoint(with: up.processes))
    #expect(up.processes.count == 5, "kabar up, Redis and three nodes")
  }

  @Test func `SIGUSR1 goes to the nodes, and ends nothing`() async throws {
    let up = try UpProcess(port: TestSocket.freePort())
    defer { up.stop() }
    try await up.waitUntilReady()
    kill(up.pid, SIGUSR1)
    let all: Set = ["n1 says more", "n2 says more", "n3 says more"]
    #expect(await eventually { Set(up.log.suffix(3)) == all || up.hasEnded }, "\(up.log)")
    #expect(!up.hasEnded && up.processes.count == 5)
  }

  @Test func `a second signal kills nodes that don't listen`() async throws {
    let up = try UpProcess(port: TestSocket.freePort(), nodes: 2, behaviour: .stubborn)
    defer { up.stop() }
    try await up.waitUntilReady()
    let begin = ContinuousClock.now
    kill(up.pid, SIGINT)
    try await Task.sleep(for: .milliseconds(300))
    #expect(!up.hasEnded)
    kill(up.pid, SIGINT)
    #expect(try await up.waitForEnd() == .exited(status: 1))
    #expect(up.processes == [])
    #expect(begin.duration(to: .now) < ClusterMachine.stopPatience)
  }

  @Test func `nothing is left when it is killed itself, and the folder is free again`() async throws {
    let port = try TestSocket.freePort()
    let up = try UpProcess(port: port)
    defer { up.stop() }
    try await up.waitUntilReady()
    kill(up.pid, SIGKILL)
    #expect(await eventually(within: 10) { up.processes.isEmpty }, "left: \(up.processes)")
    let again = try UpProcess(port: port, data: "\(up.folder)/data", nodes: 1)
    defer { again.stop() }
    try await again.waitUntilReady()
  }

  @Test func `a node that always dies at the start ends it, with its last words`() async throws {
    let up = try UpProcess(port: TestSocket.freePort(), nodes: 1, behaviour: .broken)
    defer { up.stop() }
    #expect(try await up.waitForEnd() == .exited(status: 1))
    #expect(up.stderr.filter { $0 == "n1: cannot work like this" }.count == 3)
    #expect(up.stderr.last?.contains("n1 ended with status 7, 3 times in a row") == true)
    #expect(up.stdout == [])
    #expect(up.processes == [])
  }

  @Test func `a Redis that always dies at the start ends it, with the end of its log`() async throws {
    let port = try TestSocket.freePort()
    let first = try UpProcess(port: port, nodes: 1)
    defer { first.stop() }
    try await first.waitUntilReady()
    kill(first.pid, SIGTERM)
    _ = try await first.waitForEnd()
    let manifest = "\(first.folder)/data/appendonlydir/appendonly.aof.manifest"
    try "nonsense".write(toFile: manifest, atomically: true, encoding: .utf8)
    let up = try UpProcess(port: port, data: "\(first.folder)/data", nodes: 1)
    defer { up.stop() }
    #expect(try await up.waitForEnd() == .exited(status: 1))
    #expect(up.stderr.contains { $0.hasPrefix("kabar up: redis: ") && $0.contains("manifest") }, "\(up.stderr)")
    #expect(up.stderr.last?.contains("3 times in a row") == true)
    #expect(up.processes == [])
  }
}

/// What is refused before anything starts: one line, status 1.
@Suite(.serialized) struct UpRefusalTests {
  private func expectRefusal(_ up: UpProcess, _ words: String...) async throws {
    defer { up.stop() }
    #expect(try await up.waitForEnd() == .exited(status: 1))
    #expect(up.stdout == [])
    #expect(up.stderr.count == 1, "\(up.stderr)")
    for word in words { #expect(up.stderr.first?.contains(word) == true, "\(word): \(up.stderr)") }
    #expect(up.log == [])
    #expect(up.processes == [])
  }

  @Test func `a chat port in use, even by a listener that shares it`() async throws {
    let other = TestSocket()
    let port = try other.listen()
    try await expectRefusal(UpProcess(port: port), "port \(port)", "in use", "--port")
    withExtendedLifetime(other) {}
  }

  @Test func `a Redis port in use`() async throws {
    let other = TestSocket()
    let port = try other.listen()
    let up = try UpProcess(port: TestSocket.freePort(), options: ["--redis-port", "\(port)"])
    try await expectRefusal(up, "port \(port)", "in use", "--redis-port")
    withExtendedLifetime(other) {}
  }

  @Test func `the chat port and the data folder of another cluster, also before that one serves`() async throws {
    let port = try TestSocket.freePort()
    let first = try UpProcess(port: port, nodes: 1, behaviour: .silent)
    defer { first.stop() }
    #expect(await eventually { first.log.contains("n1 started +PONG") }, "\(first.stderr)")
    try await expectRefusal(UpProcess(port: port), "port \(port)", "in use")
    let sameData = try UpProcess(port: TestSocket.freePort(), data: "\(first.folder)/data")
    try await expectRefusal(sameData, "\(first.folder)/data", "belongs to a running cluster", "(pid \(first.pid))")
    #expect(!first.hasEnded)
  }

  @Test func `no redis-server`() async throws {
    let up = try UpProcess(port: TestSocket.freePort(), path: "/nonexistent")
    try await expectRefusal(up, "redis-server is not in PATH", "Debian package redis-server")
  }

  @Test func `a data folder that can't be made`() async throws {
    let up = try UpProcess(port: TestSocket.freePort(), data: "/dev/null/data")
    try await expectRefusal(up, "/dev/null/data", "Not a directory")
  }

  @Test func `options out of bounds`() async throws {
    let nodes = try UpProcess(port: TestSocket.freePort(), nodes: 65)
    try await expectRefusal(nodes, "--nodes must be between 1 and 64")
    let port = try UpProcess(port: 0)
    try await expectRefusal(port, "--port must be between 1 and 65535")
    let durability = try UpProcess(port: TestSocket.freePort(), options: ["--durability", "never"])
    try await expectRefusal(durability, "--durability must be always or everysec, not 'never'")
    let setting = try UpProcess(port: TestSocket.freePort(), settings: ["KABAR_DURABILITY": "1"])
    try await expectRefusal(setting, "KABAR_DURABILITY must be always or everysec, not '1'")
    let foreign = ["--redis", "redis://127.0.0.1:1", "--durability", "always"]
    try await expectRefusal(UpProcess(port: TestSocket.freePort(), options: foreign), "--durability is for the private")
  }

  @Test func `a child whose parent is gone`() async throws {
    let folder = NSTemporaryDirectory() + "kabar-exec-child-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let pid = try UpProcess.spawn(["exec-child", "--parent", "1", "--", "/bin/true"], environment: [:], folder: folder)
    let child = ChildProcess(pid: pid)
    var ending: ExitReason?
    #expect(
      await eventually {
        ending = child.reap()
        return ending != nil
      })
    // The test's process is the parent, not process 1.
    #expect(ending == .exited(status: 126))
  }
}
