// Owns: one recipient who listens: what arrives by itself, confirmed in part, by a client that crashes and comes back.
// Must never: ask for messages while it listens: they must come.
// Runs on: a thread of its own.
import Foundation
import TestSupport

/// Listens to one inbox until the run is over.
final class Listener {
  /// A request on the connection that listens.
  private enum Asked {
    case ack(Int, at: Int)
    /// Only to see, at the end, whether something is left.
    case inbox(at: Int)

    var at: Int {
      switch self {
      case .ack(_, let time), .inbox(let time): time
      }
    }
  }

  private let user: String
  private let port: Int
  private let recorder: Recorder
  private var random: SeededGenerator
  private var token: String?
  /// The highest `seq` that an `ack` was written for, and that one was answered OK for.
  private var confirmed = 0
  private var acknowledged = 0
  private var isDrained = false

  /// One connection's time of listening.
  private struct Stream {
    var view: View
    var asked: [Asked] = []
    /// Messages until the next `ack`.
    var untilAck: Int
    var emptyViews = 0
  }

  init(_ user: String, port: Int, random: SeededGenerator, _ recorder: Recorder) {
    (self.user, self.port, self.random, self.recorder) = (user, port, random, recorder)
  }

  /// Returns when nothing is left after all senders are done, or the run is over.
  func run() {
    while recorder.phase < .over, !isDrained {
      if let connection = LineConnection(port: port) {
        try? serve(connection)
        connection.reset()
      }
      usleep(UInt32.random(in: 5000...60_000, using: &random))
    }
  }

  private func serve(_ connection: LineConnection) throws(NoReply) {
    if let token, Int.random(in: 0..<4, using: &random) > 0 {
      let reply = try request(connection, "resume \(token)")
      if reply.code == "invalid_session" { self.token = nil }
      if !reply.isOK { return }
    } else {
      token = try connection.logIn(user, recorder)
      if token == nil { return }
    }
    let before = View(
      recipient: user, messages: [], confirmedThrough: confirmed, confirmedSurely: acknowledged, isPushed: true,
      context: "listening, \(recorder.time) ms")
    guard try request(connection, "listen").isOK else { return }
    var stream = Stream(view: before, untilAck: Int.random(in: 1...64, using: &random))
    // That nothing came says nothing: the connection may have ended before.
    defer { if !stream.view.messages.isEmpty { recorder.add(stream.view) } }
    let end = FaultProxy.now() + Int.random(in: 200...5000, using: &random)
    while recorder.phase == .draining || recorder.phase < .over && FaultProxy.now() < end, !isDrained {
      try listen(connection, &stream)
      // Now and then she is busy with something else.
      if recorder.phase == .sending, Int.random(in: 0..<3000, using: &random) == 0 {
        usleep(UInt32.random(in: 500_000...1_500_000, using: &random))
      }
    }
  }

  /// Takes the next object in, if one comes soon; in the end asks whether something is left.
  private func listen(_ connection: LineConnection, _ stream: inout Stream) throws(NoReply) {
    do throws(NoReply) {
      guard let next = try connection.reply(until: FaultProxy.now() + 100) else {
        recorder.incident("\(user): neither a reply nor an event")
        throw .closed
      }
      try take(next, connection, &stream)
    } catch .late {
      if let first = stream.asked.first, recorder.deadline(since: first.at) <= FaultProxy.now() {
        recorder.overdue("\(user): \(first) while listening")
        throw .late
      }
      if recorder.phase == .draining, stream.asked.isEmpty {
        try acknowledge(connection, &stream)
        try ask("inbox", .inbox(at: FaultProxy.now()), connection, &stream)
      }
    }
  }

  private func take(_ next: WireReply, _ connection: LineConnection, _ stream: inout Stream) throws(NoReply) {
    if let message = next.pushed {
      stream.view.messages.append(message)
      stream.untilAck -= 1
      if stream.untilAck <= 0 { try acknowledge(connection, &stream) }
      return
    }
    if next.event != nil { return }
    guard !stream.asked.isEmpty else {
      recorder.incident("\(user): a reply without a request")
      throw .closed
    }
    let asked = stream.asked.removeFirst()
    recorder.answered(since: asked.at)
    switch asked {
    case .ack(let sequence, _):
      if !next.isOK { break }
      acknowledged = max(acknowledged, sequence)
      if (next.sequence ?? 0) < sequence {
        recorder.incident("\(user): ack \(sequence) answered OK with seq \(next.sequence ?? 0)")
      }
    case .inbox:
      stream.emptyViews = next.isOK && next.messages?.isEmpty == true ? stream.emptyViews + 1 : 0
      isDrained = stream.emptyViews >= 2
    }
  }

  /// Confirms all that came, or half of it.
  private func acknowledge(_ connection: LineConnection, _ stream: inout Stream) throws(NoReply) {
    stream.untilAck = Int.random(in: 1...64, using: &random)
    let messages = stream.view.messages
    guard let last = messages.last?.sequence, last > acknowledged else { return }
    let isHalf = recorder.phase == .sending && Bool.random(using: &random)
    let sequence = isHalf ? max(acknowledged + (last - acknowledged + 1) / 2, messages[0].sequence) : last
    confirmed = max(confirmed, sequence)
    try ask("ack \(sequence)", .ack(sequence, at: FaultProxy.now()), connection, &stream)
  }

  private func ask(
    _ line: String, _ asked: Asked, _ connection: LineConnection, _ stream: inout Stream
  ) throws(NoReply) {
    recorder.countRequests(1)
    stream.asked.append(asked)
    try connection.write([line], until: recorder.deadline(since: asked.at))
  }

  private func request(_ connection: LineConnection, _ line: String) throws(NoReply) -> WireReply {
    let now = FaultProxy.now()
    recorder.countRequests(1)
    try connection.write([line], until: recorder.deadline(since: now))
    return try connection.reply(since: now, "\(line.prefix(12)) of \(user)", recorder)
  }
}
