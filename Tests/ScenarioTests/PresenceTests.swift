// Owns: what users are told of each other's coming and going, and how often.
// Must never: look into the nodes: it reads replies, events and the channel, as users and operators do.
// Runs on: swift-testing; each test has a cluster of its own.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct PresenceTests {
  private func cluster(grace: Int = 15, limits: String = "on") async throws -> (RedisServer, ChatNode, ChatNode) {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "henderson", "lineker", "messi")
    let options = ["--presence-grace", "\(grace)", "--limits", limits]
    return (
      redis, try await ChatNode("a", redis: redis, options: options),
      try await ChatNode("b", redis: redis, options: options)
    )
  }

  private func expectEvents(
    _ events: [String], of observer: Observer, during seconds: Double, at location: SourceLocation = #_sourceLocation
  ) async throws {
    let told = try await observer.events(during: seconds)
    #expect(told == events, sourceLocation: location)
  }

  @Test func `a broken connection has a grace, and who comes back in time was never away`() async throws {
    let (_, a, b) = try await cluster(grace: 8)
    let arini = try Observer("arini", on: b)
    #expect(try arini.watch("*").users == ["arini"])
    let messi = try Observer("messi", on: a)
    try await expectEvents(["+messi"], of: arini, during: 2.5)
    #expect(try await arini.sees(["arini", "messi"]))

    messi.client.socket.reset()
    try await Task.sleep(for: .milliseconds(1500))
    let back = try a.connect()
    #expect(try back.request("resume \(messi.token)").isOK)
    try await expectEvents([], of: arini, during: 9)
    #expect(try arini.active() == ["arini", "messi"])

    back.socket.reset()
    try await expectEvents([], of: arini, during: 2)
    #expect(try arini.active() == ["arini", "messi"])
    try await expectEvents(["-messi"], of: arini, during: 9)
    #expect(try arini.active() == ["arini"])
  }

  @Test func `the end of a session has no grace, on any node`() async throws {
    let (_, a, b) = try await cluster()
    let arini = try Observer("arini", on: b)
    #expect(try arini.watch("messi lineker").users == [])
    let messi = try Observer("messi", on: a)
    let elsewhere = try b.connect()
    #expect(try elsewhere.request("resume \(messi.token)").isOK)
    try await expectEvents(["+messi"], of: arini, during: 2.5)
    #expect(try elsewhere.request("logout").isOK)
    try await expectEvents(["-messi"], of: arini, during: 2.5)
    #expect(try arini.active() == ["arini"])
    // A node on which only the grace was left hears of it too.
    let henderson = try Observer("henderson", on: a)
    #expect(try await arini.sees(["arini", "henderson"]))
    henderson.client.socket.reset()
    let again = try b.connect()
    #expect(try again.request("resume \(henderson.token)").isOK)
    #expect(try again.request("logout").isOK)
    #expect(try await arini.sees(["arini"]))
    // The node that carried it out knows at once.
    let lineker = try b.login("lineker")
    #expect(try arini.active() == ["arini", "lineker"])
    #expect(try lineker.request("logout").isOK)
    #expect(try arini.active() == ["arini"])
  }

  @Test func `a node that stops in order takes its users with it at once`() async throws {
    let (_, a, b) = try await cluster()
    let arini = try Observer("arini", on: a)
    let lineker = try b.login("lineker")
    #expect(try await arini.sees(["arini", "lineker"]))
    #expect(b.process.terminate() == 0)
    #expect(try await arini.sees(["arini"], within: 1))
    withExtendedLifetime(lineker) {}
  }

  @Test func `watching: who, how many, and no more`() async throws {
    let (_, a, b) = try await cluster()
    let arini = try Observer("arini", on: a)
    #expect(try arini.request("watch messi").code == "not_listening")
    #expect(try arini.request("unwatch").code == "not_listening")
    #expect(try arini.watch("messi arini").users == ["arini"])
    #expect(try arini.request("watch lineker").users == ["arini"])
    let messi = try Observer("messi", on: b)
    let lineker = try Observer("lineker", on: b)
    let henderson = try Observer("henderson", on: b)
    #expect(try await arini.events(during: 2.5).sorted() == ["+lineker", "+messi"])
    // A further device is no news; a name that is not watched any more neither.
    let phone = try a.login("messi")
    #expect(try arini.request("unwatch lineker").isOK)
    for client in [messi, lineker, henderson] { #expect(try client.request("logout").isOK) }
    try await expectEvents([], of: arini, during: 2.5)
    #expect(try phone.request("logout").isOK)
    try await expectEvents(["-messi"], of: arini, during: 2.5)

    // A line holds a few hundred names; the thousand and first is refused, and what is watched stays watched.
    for part in 0..<5 {
      let names = (0..<199).map { "u\(part * 199 + $0)" }.joined(separator: " ")
      #expect(try arini.request("watch \(names)").isOK)
    }
    #expect(try arini.request("watch x1 x2 x3").isOK)
    #expect(try arini.request("watch x1 x4").code == "too_many_watched")
    let again = try Observer("messi", on: b)
    try await expectEvents(["+messi"], of: arini, during: 2)
    #expect(try arini.request("unwatch").isOK)
    #expect(try again.request("logout").isOK)
    try await expectEvents([], of: arini, during: 2)
    #expect(try arini.request("unlisten").isOK)
    #expect(try arini.request("watch *").code == "not_listening")
  }

  @Test func `who does not read is told of those she missed when she reads again`() async throws {
    let (_, a, b) = try await cluster(limits: "off")
    let arini = try Observer("arini", on: a)
    #expect(try arini.watch("messi lineker").users == [])
    // Replies that nobody reads: megabytes, until the node can't write any more.
    let count = 12_000
    for _ in 0..<12 { try arini.client.socket.write(String(repeating: "help\r\n", count: count / 12).utf8) }
    try await Task.sleep(for: .seconds(1))
    let messi = try Observer("messi", on: b)
    try await Task.sleep(for: .milliseconds(1500))
    var replies = 0
    var events: [String] = []
    let isTold = try await eventually(within: 20) {
      for reply in try arini.client.arrived() {
        if reply["event"] == nil { replies += 1 } else { events.append(reply["user"] ?? "?") }
      }
      return replies == count && !events.isEmpty
    }
    #expect(isTold, "\(replies) replies, \(events)")
    #expect(events == ["messi"], "lineker has not changed")
    withExtendedLifetime(messi) {}
  }
}
