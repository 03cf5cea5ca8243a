// Owns: one sender: numbered messages, and what it may believe of each.
// Must never: repeat a message without a tag.
// Runs on: a thread of its own.
import Foundation
import TestSupport

/// How a sender works.
struct SenderStyle: Sendable {
  /// Requests in flight.
  var depth: Int
  /// Of 100 messages, how many are sent with a tag.
  var tagged: Int
}

/// Sends to all recipients in turn until the run settles.
final class Sender {
  private let user: String
  private let recipients: [String]
  private let style: SenderStyle
  private let port: Int
  private let recorder: Recorder
  private let most: Int
  private var random: SeededGenerator
  private var connection: LineConnection?
  private var connectionNumber = 0
  private var token: String?
  private var clock = 0
  private var sent = 0
  /// Tagged messages without an answer to rely on.
  private var pending: [Try] = []

  private struct Try {
    var send: Send
    /// The id that an earlier try was answered with; this one only asks whether the store remembers.
    var expected: String?
  }

  init(
    _ user: String, to recipients: [String], _ style: SenderStyle, port: Int, most: Int, random: SeededGenerator,
    _ recorder: Recorder
  ) {
    (self.user, self.recipients, self.style, self.port) = (user, recipients, style, port)
    (self.most, self.random, self.recorder) = (most, random, recorder)
  }

  /// Returns when every message has an outcome, or the run is over.
  func run() {
    while recorder.phase < .draining {
      let isSending = recorder.phase == .sending && sent < most
      if !isSending, pending.isEmpty {
        if recorder.phase > .sending { break }
        usleep(20_000)
        continue
      }
      var batch = Array(pending.prefix(style.depth))
      pending.removeFirst(batch.count)
      while isSending, batch.count < style.depth { batch.append(next()) }
      perform(batch)
      usleep(UInt32.random(in: 1000...12_000, using: &random))
    }
    // Without an answer at the end of the time: nobody knows.
    recorder.add(pending.filter { $0.expected == nil }.map(\.send))
    connection?.reset()
  }

  private func next() -> Try {
    sent += 1
    return Try(
      send: Send(
        sender: user, recipient: recipients[Int.random(in: 0..<recipients.count, using: &random)], number: sent,
        isTagged: Int.random(in: 0..<100, using: &random) < style.tagged, outcome: .unknown, connection: nil,
        writtenAt: 0, knownAt: .max))
  }

  private func tick() -> Int {
    clock += 1
    return clock
  }

  // MARK: A batch

  private func perform(_ batch: [Try]) {
    guard let connection = connected() else {
      usleep(30_000)
      pending = batch.filter(\.send.isTagged) + pending
      // Never written: they don't exist.
      return
    }
    var batch = batch
    for index in batch.indices where batch[index].send.writtenAt == 0 {
      batch[index].send.writtenAt = tick()
      batch[index].send.connection = connectionNumber
      batch[index].send.time = recorder.time
    }
    let now = FaultProxy.now()
    recorder.countRequests(batch.count)
    var answered = 0
    do throws(NoReply) {
      try connection.write(batch.map(line), until: recorder.deadline(since: now))
      for item in batch {
        let reply = try connection.reply(since: now, "message \(item.send.number) of \(user)", recorder)
        answered += 1
        settle(item, reply)
      }
      if Int.random(in: 0..<40, using: &random) == 0 { end() }
    } catch {
      end()
      for item in batch[answered...] { settleUnanswered(item) }
    }
  }

  private func line(_ item: Try) -> String {
    let send = item.send
    return (send.isTagged ? "@id=\(send.number) " : "") + "send \(send.recipient) \(MessageText.text(send.number))"
  }

  /// A new connection is bound by the token of an earlier one, or by logging in.
  private func connected() -> LineConnection? {
    if let connection { return connection }
    guard let fresh = LineConnection(port: port) else { return nil }
    do throws(NoReply) {
      if let token, Bool.random(using: &random) {
        let now = FaultProxy.now()
        recorder.countRequests(1)
        try fresh.write(["user_aktif \(token)"], until: recorder.deadline(since: now))
        let reply = try fresh.reply(since: now, "user_aktif of \(user)", recorder)
        guard reply.isOK else {
          if reply.code == "invalid_session" { self.token = nil }
          return nil
        }
      } else {
        token = try fresh.logIn(user, recorder)
        if token == nil { return nil }
      }
    } catch {
      return nil
    }
    connection = fresh
    connectionNumber += 1
    return fresh
  }

  private func end() {
    connection?.reset()
    connection = nil
  }

  // MARK: Outcomes

  private func settle(_ item: Try, _ reply: WireReply) {
    var item = item
    if let expected = item.expected {
      if reply.isOK, reply.id != expected {
        recorder.incident(
          "tag \(item.send.number) of \(user): acknowledged as \(expected), repeated it is \(reply.id ?? "without id")")
      }
      return
    }
    if reply.isOK {
      item.send.outcome = .ok
      finish(item)
      guard item.send.isTagged, let id = reply.id, Int.random(in: 0..<20, using: &random) == 0 else { return }
      item.expected = id
      pending.append(item)
      return
    }
    let code = reply.code ?? "no code"
    if code == "invalid_session" || code == "not_logged_in" {
      token = nil
      end()
    }
    if item.send.isTagged { return repeatLater(item) }
    item.send.outcome = code == "outcome_unknown" ? .unknown : .failed(code: code)
    finish(item)
  }

  private func settleUnanswered(_ item: Try) {
    if item.expected != nil { return }
    if item.send.isTagged { repeatLater(item) } else { finish(item) }
  }

  private func repeatLater(_ item: Try) {
    var item = item
    item.send.connection = nil
    pending.append(item)
  }

  private func finish(_ item: Try) {
    var send = item.send
    send.knownAt = tick()
    recorder.add([send])
  }
}
