// Owns: a client that looks at who is active, and keeps apart the events that come between its replies.
// Must never: lose an event.
// Runs on: any thread; one test owns it.
import Foundation
import TestSupport

/// A logged-in client of a node.
final class Observer {
  let client: LineClient
  let token: String
  /// What it was told: `+messi`, `-messi`, `summary 7`.
  private(set) var told: [String] = []
  /// When each of these came.
  private(set) var times: [ContinuousClock.Instant] = []

  init(_ user: String, on node: ChatNode) throws {
    client = try node.connect()
    guard let token = try client.request("auth \(user) pw")["tokenid"] else {
      throw TestFailure("\(user) can't log in")
    }
    self.token = token
  }

  /// Listens and watches.
  func watch(_ whom: String) throws -> Reply {
    guard try request("listen").isOK else { throw TestFailure("listen") }
    return try request("watch \(whom)")
  }

  /// Sends a line and reads its reply; events that come before it are noted.
  func request(_ line: String) throws -> Reply {
    try client.send(line)
    while true {
      let reply = try client.reply()
      guard reply["event"] != nil else { return reply }
      note(reply)
    }
  }

  /// The names of `user_aktif`.
  func active() throws -> [String] { try request("user_aktif").users }

  /// Whether the present answer is marked as possibly out of date.
  func isStale() throws -> Bool { try request("user_aktif").description.contains("\"stale\":true") }

  /// Waits until exactly these are active.
  func sees(_ users: [String], within seconds: Double = 3) async throws -> Bool {
    try await eventually(within: seconds) { try active() == users }
  }

  /// What comes in this time.
  func events(during seconds: Double) async throws -> [String] {
    let before = told.count
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      for event in try client.arrived() { note(event) }
      try await Task.sleep(for: .milliseconds(10))
    }
    // On a busy machine the last sleep may have taken most of the time.
    for event in try client.arrived() { note(event) }
    return Array(told[before...])
  }

  private func note(_ event: Reply) {
    switch event["event"] {
    case "presence": told.append((event.description.contains("\"active\":true") ? "+" : "-") + (event["user"] ?? "?"))
    case "presence_summary":
      told.append("summary " + event.description.filter { $0.isNumber })
    default: told.append(event.description)
    }
    times.append(.now)
  }
}
