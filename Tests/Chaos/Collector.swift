// Owns: one recipient: reads her inbox, confirms it in every way there is, or crashes before she does.
// Must never: ask for two inboxes at once: what she has seen must be in an order.
// Runs on: a thread of its own.
import Foundation
import TestSupport

/// Reads one inbox until the run is over.
final class Collector {
  /// What a connection does after it has read a page.
  private enum Ending: CaseIterable {
    case nextCommand, ack, quit, fin, reset
  }

  private let user: String
  private let port: Int
  private let recorder: Recorder
  private var random: SeededGenerator
  private var token: String?
  /// The highest `seq` that any command of hers may have confirmed.
  private var confirmed = 0
  /// The highest `seq` for which an `ack` was answered OK.
  private var acknowledged = 0
  private var emptyViews = 0

  init(_ user: String, port: Int, random: SeededGenerator, _ recorder: Recorder) {
    (self.user, self.port, self.random, self.recorder) = (user, port, random, recorder)
  }

  /// Whether the inbox was empty at the end, twice in a row.
  private(set) var isDrained = false

  /// Returns when the inbox is drained after all senders are done, or the run is over.
  func run() {
    while recorder.phase < .over, !isDrained {
      if let connection = LineConnection(port: port) {
        try? serve(connection)
        connection.reset()
      }
      // Now and then she is away so long that her inbox fills up.
      let isAway = recorder.phase == .sending && Int.random(in: 0..<40, using: &random) == 0
      usleep(UInt32.random(in: isAway ? 1_000_000...3_000_000 : 5000...60_000, using: &random))
    }
  }

  private func serve(_ connection: LineConnection) throws(NoReply) {
    var command = "inbox"
    if let token, Bool.random(using: &random) {
      command = "inbox \(token)"
    } else {
      token = try connection.logIn(user, recorder)
      if token == nil { return }
    }
    let ending = recorder.phase == .draining ? .nextCommand : Ending.allCases.randomElement(using: &random)
    for _ in 0..<Int.random(in: 1...12, using: &random) where recorder.phase < .over {
      let phase = recorder.phase
      guard let page = try read(connection, command, "\(ending ?? .reset)") else { return }
      emptyViews = page.isEmpty && phase == .draining ? emptyViews + 1 : 0
      isDrained = emptyViews >= 2
      if isDrained { return }
      let last = page.last?.sequence ?? 0
      switch ending {
      case .nextCommand:
        confirmed = max(confirmed, last)
        command = "inbox"
        if page.isEmpty { usleep(UInt32.random(in: 5000...40_000, using: &random)) }
      case .ack: try acknowledge(connection, page)
      case .quit, .fin: return try end(connection, last, isQuit: ending == .quit)
      case .reset, nil: return connection.reset()
      }
    }
    // The page that was read last is left unconfirmed, and so is the connection's end: it is a reset.
  }

  /// One page, recorded; `nil` if it is refused.
  private func read(_ connection: LineConnection, _ command: String, _ way: String) throws(NoReply) -> [View.Message]? {
    let (before, surely) = (confirmed, acknowledged)
    let reply = try request(connection, command)
    guard reply.isOK, reply.messages != nil else {
      if reply.code == "invalid_session" || reply.code == "not_logged_in" { token = nil }
      return nil
    }
    let page = reply.inbox()
    recorder.add(
      View(
        recipient: user, messages: page, confirmedThrough: before, confirmedSurely: surely,
        context: "\(way), \(recorder.time) ms"))
    return page
  }

  /// Confirms all of a page, or half of it, by number. From here on nothing else confirms on this connection.
  private func acknowledge(_ connection: LineConnection, _ page: [View.Message]) throws(NoReply) {
    guard let last = page.last else {
      usleep(UInt32.random(in: 5000...40_000, using: &random))
      return
    }
    let target = Bool.random(using: &random) ? last : page[page.count / 2]
    confirmed = max(confirmed, target.sequence)
    let reply = try request(connection, "ack \(target.sequence)")
    if reply.isOK { acknowledged = max(acknowledged, target.sequence) }
    if reply.isOK, (reply.sequence ?? 0) < target.sequence {
      recorder.incident("\(user): ack \(target.sequence) answered OK with seq \(reply.sequence ?? 0)")
    }
  }

  private func end(_ connection: LineConnection, _ last: Int, isQuit: Bool) throws(NoReply) {
    confirmed = max(confirmed, last)
    if isQuit { _ = try request(connection, "quit") } else { connection.shutDownWriting() }
    let now = FaultProxy.now()
    do throws(NoReply) {
      try connection.waitForEnd(until: recorder.deadline(since: now))
    } catch {
      if recorder.deadline(since: now) <= FaultProxy.now() {
        recorder.overdue("\(user): the end of the connection after \(isQuit ? "quit" : "FIN")")
      }
    }
    connection.close()
  }

  private func request(_ connection: LineConnection, _ line: String) throws(NoReply) -> WireReply {
    let now = FaultProxy.now()
    recorder.countRequests(1)
    try connection.write([line], until: recorder.deadline(since: now))
    return try connection.reply(since: now, "\(line.prefix(12)) of \(user)", recorder)
  }
}
