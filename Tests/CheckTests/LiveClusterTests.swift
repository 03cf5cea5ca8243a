// Owns: that a cluster in use is clean, also while it changes.
// Must never: take luck for a proof: what passes here is known to have been seen changing.
// Runs on: swift-testing; clients on threads of their own.
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct LiveClusterTests {
  @Test func `a cluster is clean after real use, and while its clients are connected`() async throws {
    let redis = try await RedisServer()
    try redis.importAccounts(["arini", "lineker", "messi"])
    let a = try await ChatNode("a", redis: redis)
    let b = try await ChatNode("b", redis: redis)
    let lineker = try a.login("lineker")
    let arini = try b.login("arini")
    #expect(try lineker.request("send arini piye kabare?").isOK)
    #expect(try lineker.request("send arini apik").isOK)
    #expect(try arini.request("inbox").texts(from: "lineker") == ["piye kabare?", "apik"])
    #expect(try arini.request("send messi hola").isOK)
    #expect(try arini.request("logout").isOK)
    let connected = try CheckRun(redis)
    #expect(connected.status == 0 && connected.notes.isEmpty, "\(connected)")
    try arini.quit()
    lineker.socket.reset()
    // A killed node is its peers' business: nothing is wrong before its lease ends, nor after they have removed it.
    let messi = try b.login("messi")
    b.process.kill()
    messi.socket.close()
    let killed = try CheckRun(redis)
    #expect(killed.status == 0, "\(killed)")
    #expect(await eventually { (try? redis.shell("ZCARD", "kabar:nodes")) == "1" })
    let reaped = try CheckRun(redis)
    #expect(reaped.status == 0, "\(reaped)")
    a.process.terminate()
    let over = try CheckRun(redis)
    #expect(over.status == 0 && over.summary.contains("every invariant holds"), "\(over)")
  }

  @Test func `a busy cluster gives no false alarm`() async throws {
    let redis = try await RedisServer()
    let names = (1...6).map { "user\($0)" }
    try redis.importAccounts(names)
    // On a quick machine they say more than a client may.
    let unlimited = ["--limits", "off"]
    let nodes = [
      try await ChatNode("a", redis: redis, options: unlimited),
      try await ChatNode("b", redis: redis, options: unlimited),
    ]
    let clients = BusyClients(names, on: nodes)
    defer { clients.stop() }
    #expect(await eventually { clients.rounds >= 20 })
    for _ in 1...8 {
      let before = clients.rounds
      let run = try CheckRun(redis)
      #expect(run.status == 0, "\(run)")
      #expect(await eventually { clients.rounds > before }, "nobody was busy")
    }
    clients.stop()
    #expect(clients.failures == [])
  }

  @Test func `what is gone at the second look is not reported`() async throws {
    let redis = try await RedisServer()
    // Whenever the check looks, some of these keys are there; none of them is there 300 ms later.
    let flicker = Flicker(redis)
    defer { flicker.stop() }
    #expect(await eventually { (try? redis.shell("DBSIZE")).flatMap { Int($0) } ?? 0 > 2 })
    let begin = ContinuousClock.now
    let run = try CheckRun(redis)
    #expect(run.status == 0, "\(run)")
    #expect(begin.duration(to: .now) > .milliseconds(300), "it did not look twice, so it saw nothing")
    #expect(!run.summary.contains("checked 0 keys"), "\(run)")
    flicker.stop()
  }

  @Test func `a Redis that is not there, or wants a password, is neither clean nor violated`() async throws {
    let port = try TCPSocket.freePort()
    let nowhere = try CheckRun(url: "redis://127.0.0.1:\(port)")
    #expect(nowhere.status == 2, "\(nowhere)")
    #expect(nowhere.lines.count == 1 && nowhere.lines[0].contains("could not be done"), "\(nowhere)")
    let redis = try await RedisServer()
    _ = try redis.shell("CONFIG", "SET", "requirepass", "secret")
    let locked = try CheckRun(redis)
    #expect(locked.status == 2, "\(locked)")
    let open = try CheckRun(url: "redis://:secret@127.0.0.1:\(redis.port)")
    #expect(open.status == 0 && !open.description.contains("secret"), "\(open)")
  }
}

/// Clients that log in, write to each other, read, and end in every way, until they are stopped.
private final class BusyClients: Sendable {
  private let state = Mutex((rounds: 0, isStopped: false, running: 0, failures: [String]()))

  init(_ names: [String], on nodes: [ChatNode]) {
    state.withLock { $0.running = names.count }
    for (index, name) in names.enumerated() {
      let port = nodes[index % nodes.count].port
      let friend = names[(index + 1) % names.count]
      Thread.detachNewThread { [self] in
        do {
          while !state.withLock({ $0.isStopped }) {
            try Self.round(name, friend, port)
            state.withLock { $0.rounds += 1 }
          }
        } catch {
          state.withLock { $0.failures.append("\(name): \(error)") }
        }
        state.withLock { $0.running -= 1 }
      }
    }
  }

  var rounds: Int { state.withLock { $0.rounds } }
  var failures: [String] { state.withLock { $0.failures } }

  func stop() {
    state.withLock { $0.isStopped = true }
    while state.withLock({ $0.running > 0 }) { usleep(5000) }
  }

  private static func round(_ name: String, _ friend: String, _ port: Int) throws {
    let client = try LineClient(port: port)
    for line in ["auth \(name) pw", "send \(friend) 1", "send \(friend) 2", "send \(friend) 3", "inbox", "user_aktif"] {
      let reply = try client.request(line)
      guard reply.isOK else { throw TestFailure("\(line): \(reply)") }
    }
    switch Int.random(in: 0..<4) {
    case 0: try client.quit()
    case 1: client.socket.reset()
    case 2: client.socket.close()
    default:
      guard try client.request("logout").isOK else { throw TestFailure("not logged out") }
      client.socket.close()
    }
  }
}

/// Keys of an unknown shape that live for 100 ms, a new one every few milliseconds.
private final class Flicker: Sendable {
  private let isStopped = Mutex(false)
  private let hasEnded = Mutex(false)

  init(_ redis: RedisServer) {
    let port = redis.port
    Thread.detachNewThread { [self] in
      if let socket = try? TCPSocket(port: port) {
        var number = 0
        while !isStopped.withLock({ $0 }) {
          number += 1
          guard (try? socket.write("SET kabar:flicker\(number) x PX 100\r\n".utf8)) != nil,
            (try? socket.read())?.isEmpty == false
          else { break }
          usleep(5000)
        }
      }
      hasEnded.withLock { $0 = true }
    }
  }

  func stop() {
    isStopped.withLock { $0 = true }
    while !hasEnded.withLock({ $0 }) { usleep(5000) }
  }
}
