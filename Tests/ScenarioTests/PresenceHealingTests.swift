// Owns: that presence is right again after a crash, a freeze, a pause of Redis or lost news, and nobody falsely away.
// Must never: look into the nodes: it reads replies, events and Redis, as users and operators do.
// Runs on: swift-testing; each test has a cluster of its own.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct PresenceHealingTests {
  private func cluster(_ names: [String] = ["a", "b"], grace: Int = 15) async throws -> (RedisServer, [ChatNode]) {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "henderson", "lineker", "messi")
    var nodes: [ChatNode] = []
    for name in names {
      nodes.append(try await ChatNode(name, redis: redis, options: ["--presence-grace", "\(grace)"]))
    }
    return (redis, nodes)
  }

  /// Calls `look` every 50 ms for this long, with the time since the beginning.
  private func poll(for seconds: Double, _ look: (Duration) throws -> Void) async throws {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(seconds) {
      try look(ContinuousClock.now - start)
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test func `a killed node's users leave within ten seconds, who is elsewhere too never blinks`() async throws {
    let (redis, nodes) = try await cluster(["a", "b", "c"])
    let arini = try Observer("arini", on: nodes[0])
    let henderson = try Observer("henderson", on: nodes[2])
    #expect(try henderson.watch("*").isOK)
    let others = [try nodes[1].login("lineker"), try nodes[1].login("messi"), try nodes[0].login("messi")]
    for observer in [arini, henderson] {
      #expect(try await observer.sees(["arini", "henderson", "lineker", "messi"]))
    }
    // Let the news of the logins arrive, and messi be known on both nodes.
    _ = try await henderson.events(during: 2.5)
    nodes[1].process.kill()
    var left: [Duration?] = [nil, nil]
    try await poll(for: 13) { time in
      for (index, observer) in [arini, henderson].enumerated() {
        let names = try observer.active()
        #expect(Set(names).isSuperset(of: ["arini", "henderson", "messi"]), "\(names) after \(time)")
        if left[index] == nil, !names.contains("lineker") { left[index] = time }
      }
    }
    for time in left { #expect(try #require(time) < .seconds(10)) }
    #expect(try arini.active() == ["arini", "henderson", "messi"])
    #expect(henderson.told.filter { $0.hasPrefix("-") } == ["-lineker"])
    #expect(
      try redis.cli("ZRANGE", "kabar:active", "0", "-1", "WITHSCORES") == "arini\n1\nhenderson\n1\nmessi\n1")
    withExtendedLifetime(others) {}
  }

  @Test func `a frozen node's users go, and come back with it without reconnecting`() async throws {
    let (redis, nodes) = try await cluster()
    let arini = try Observer("arini", on: nodes[0])
    let lineker = try Observer("lineker", on: nodes[1])
    let messi = [try nodes[0].login("messi"), try nodes[1].login("messi")]
    #expect(try await arini.sees(["arini", "lineker", "messi"]))
    try await Task.sleep(for: .milliseconds(1500))
    let before = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1")
    nodes[1].process.signal(SIGSTOP)
    var wasThere = false
    try await poll(for: 20) { time in
      let names = try arini.active()
      #expect(names.contains("messi") && names.contains("arini"))
      if time < .seconds(3) { wasThere = wasThere || names.contains("lineker") }
      if time > .seconds(10) { #expect(!names.contains("lineker"), "after \(time)") }
    }
    #expect(wasThere)
    nodes[1].process.signal(SIGCONT)
    #expect(try await arini.sees(["arini", "lineker", "messi"], within: 10))
    #expect(try await lineker.sees(["arini", "lineker", "messi"], within: 10))
    // It is another incarnation: two nodes, one of them new.
    let after = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1")
    #expect(after != before && after.components(separatedBy: "\n").count == 2)
    #expect(try redis.cli("ZRANGE", "kabar:active", "0", "-1", "WITHSCORES") == "arini\n1\nlineker\n1\nmessi\n2")
    // Its own channel has followed.
    let id = try #require(after.components(separatedBy: "\n").first { $0.hasPrefix("b-") })
    let isHeard = try await eventually(within: 5) { try redis.cli("PUBLISH", "kabar:node:\(id)", "mail x") == "1" }
    #expect(isHeard)
    withExtendedLifetime(messi) {}
  }

  @Test func `while Redis is paused nobody goes, and answers say that they may be out of date`() async throws {
    let (redis, nodes) = try await cluster()
    let observers = [try Observer("arini", on: nodes[0]), try Observer("lineker", on: nodes[1])]
    for observer in observers {
      #expect(try await observer.sees(["arini", "lineker"]))
      #expect(try await eventually { try !observer.isStale() })
    }
    redis.signal(SIGSTOP)
    var stale = [false, false]
    try await poll(for: 10) { _ in
      for (index, observer) in observers.enumerated() {
        let reply = try observer.request("user_aktif")
        // In the first seconds the session can't be looked up, and nobody knows yet that Redis is away.
        guard reply.isOK else { continue }
        #expect(reply.users == ["arini", "lineker"])
        if reply.description.contains("\"stale\":true") { stale[index] = true }
      }
    }
    #expect(stale == [true, true])
    redis.signal(SIGCONT)
    // Long enough for a node to be removed, were they not spared: a lease, a renewal, and some.
    var fresh = [false, false]
    try await poll(for: 13) { time in
      for (index, observer) in observers.enumerated() {
        let reply = try observer.request("user_aktif")
        guard reply.isOK else { continue }
        #expect(reply.users == ["arini", "lineker"], "after \(time)")
        fresh[index] = !reply.description.contains("\"stale\":true")
        if time > .seconds(6) { #expect(fresh[index], "after \(time)") }
      }
    }
    #expect(fresh == [true, true])
    #expect(try redis.cli("ZRANGE", "kabar:active", "0", "-1", "WITHSCORES") == "arini\n1\nlineker\n1")
  }

  @Test func `when Redis was away for longer than a lease, nobody is removed before all had the time to renew`()
    async throws
  {
    let (redis, nodes) = try await cluster(["a", "b", "c"])
    let observers = try zip(["arini", "lineker", "messi"], nodes).map { try Observer($0, on: $1) }
    for observer in observers { #expect(try await observer.sees(["arini", "lineker", "messi"])) }
    let ids = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n").sorted()
    redis.kill()
    try await Task.sleep(for: .seconds(9))
    try await redis.start()
    // They come back one by one, within two seconds: the first finds that all leases have ended.
    try await poll(for: 12) { time in
      for observer in observers {
        let reply = try observer.request("user_aktif")
        if reply.isOK { #expect(reply.users == ["arini", "lineker", "messi"], "after \(time)") }
      }
    }
    #expect(try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n").sorted() == ids)
    #expect(try await eventually { try !observers[0].isStale() })
  }

  @Test func `what was announced while a node did not hear is read by it, and later changes are heard`() async throws {
    let (redis, nodes) = try await cluster(grace: 0)
    let arini = try Observer("arini", on: nodes[0])
    #expect(try arini.watch("*").isOK)
    let lineker = try nodes[1].login("lineker")
    #expect(try await arini.sees(["arini", "lineker"]))
    _ = try await arini.events(during: 1.5)
    // Stopped, it can't subscribe again before the changes are announced; its lease goes on.
    nodes[0].process.signal(SIGSTOP)
    #expect(try redis.cli("CLIENT", "KILL", "TYPE", "pubsub") == "2")
    let messi = try nodes[1].login("messi")
    lineker.socket.close()
    let changed = try await eventually { try redis.cli("ZRANGE", "kabar:active", "0", "-1") == "arini\nmessi" }
    #expect(changed)
    try await Task.sleep(for: .milliseconds(1200))
    nodes[0].process.signal(SIGCONT)
    #expect(try await arini.sees(["arini", "messi"], within: 5))
    let henderson = try nodes[1].login("henderson")
    #expect(try await arini.sees(["arini", "henderson", "messi"]))
    _ = try await arini.events(during: 1.5)
    #expect(arini.told.count == 4 && Set(arini.told) == ["+lineker", "-lineker", "+messi", "+henderson"])
    withExtendedLifetime((messi, henderson)) {}
  }

  @Test func `a gap in a node's announcements is a reason to read, not to believe`() async throws {
    let (redis, nodes) = try await cluster()
    let arini = try Observer("arini", on: nodes[0])
    let lineker = try nodes[1].login("lineker")
    #expect(try await arini.sees(["arini", "lineker"]))
    let ids = try redis.cli("ZRANGE", "kabar:nodes", "0", "-1").components(separatedBy: "\n")
    let b = try #require(ids.first { $0.hasPrefix("b-") })
    func gaps() -> Int { nodes[0].log.components(separatedBy: "a gap in the announcements").count - 1 }
    let before = gaps()
    for forged in ["\(b) 99 +messi -lineker", "x-00000000 1 +messi", "nonsense"] {
      #expect(try redis.cli("PUBLISH", "kabar:presence", forged) == "2")
    }
    let noticed = await eventually { gaps() == before + 2 }
    #expect(noticed, "\(nodes[0].log)")
    try await poll(for: 0.5) { time in
      let names = try arini.active()
      #expect(names == ["arini", "lineker"], "after \(time)")
    }
    // Somebody whom no announcement named is found when the node is read.
    #expect(try redis.cli("HSET", "kabar:node:\(b):users", "henderson", "1/0") == "1")
    #expect(try redis.cli("PUBLISH", "kabar:presence", "\(b) 99 +messi") == "2")
    #expect(try await arini.sees(["arini", "henderson", "lineker"]))
    withExtendedLifetime(lineker) {}
  }

  @Test func `a node that can't be read keeps nobody from reading the others`() async throws {
    let (redis, nodes) = try await cluster()
    let arini = try Observer("arini", on: nodes[0])
    let lineker = try nodes[1].login("lineker")
    #expect(try await arini.sees(["arini", "lineker"]))
    // Its lease has ended long ago, so it comes first; it can't be removed either.
    #expect(try redis.cli("SET", "kabar:node:x-00000000:users", "no hash") == "OK")
    #expect(try redis.cli("HSET", "kabar:node:x-00000000", "announced", "0") == "1")
    #expect(try redis.cli("ZADD", "kabar:nodes", "1", "x-00000000") == "1")
    #expect(try redis.cli("CLIENT", "KILL", "TYPE", "pubsub") == "2")
    let isMarked = try await eventually(within: 5) { try arini.isStale() }
    #expect(isMarked)
    let messi = try nodes[1].login("messi")
    #expect(try await arini.sees(["arini", "lineker", "messi"], within: 5))
    withExtendedLifetime((lineker, messi)) {}
  }
}
