// What a client may take, as its connection sees it: its place among the others, its time, its commands.
// Never counts what the node keeps bounded anyway (outbox, lines, requests under way).
// On the event loop of the connection.

import ChatProtocol
import ChatState
import Logging
import NIOCore

extension ConnectionHandler {
  // MARK: Admission

  /// The proxy has said who its client is, in so many bytes.
  func introduce(_ client: IPAddress?, headerBytes: Int) {
    (proxiedClient, proxyHeaderBytes) = (client, headerBytes)
    if records == nil { times.introduced(at: .now()) }
    let source = loginSource
    if let limit = worker.admission.assign(source) { return end(by: limit) }
    admittedSource = source
  }

  // MARK: Time

  /// Ends the connection if it has taken too long.
  func judgeTimes(isCrowded: Bool, now: NIODeadline) {
    guard !isBusy, !isEnding else { return }
    if let limit = times.passed(worker.configuration.clientLimits, isCrowded: isCrowded, now: now) { end(by: limit) }
  }

  /// Ends the connection and says why, if the client can be told.
  func end(by limit: Limit) {
    worker.telemetry.refused(by: limit)
    worker.logger.info("closing", metadata: ["limit": "\(limit.rawValue)", "address": "\(remoteAddress)"])
    guard times.isIntroduced else { return close() }
    if let reason = Event.Closing(limit), isListening { return end(telling: reason) }
    end(telling: Refusal(limit))
  }

  // MARK: Commands

  /// Reads a line and takes a token for it, whether it can be read or not.
  func parse(_ line: ByteBuffer, now: NIODeadline) throws(Refusal) -> Command? {
    let parsed = Result { () throws(Refusal) in try CommandParser.parse(line.readableBytesUInt8Span) }
    if case .success(let command?) = parsed, isFree(command) { return command }
    try takeToken(now: now)
    return try parsed.get()
  }

  /// An `ack` of a message that was pushed here has been paid for by whoever sent it.
  private func isFree(_ command: Command) -> Bool {
    switch command {
    case .quit: true
    case .ack(_, let sequence, nil): listening?.isFirstConfirmation(of: sequence) ?? false
    default: false
    }
  }

  private func takeToken(now: NIODeadline) throws(Refusal) {
    guard let rate = worker.configuration.clientLimits.commandRate else { return }
    let missing =
      if let binding { binding.bucket.take(rate, now: now) } else { anonymousBucket.take(rate, now: now) }
    guard let missing else { return }
    worker.telemetry.refused(by: .commandRate)
    waitForToken(missing)
    throw .slowDown(retryAfter: Int(missing.nanoseconds / 1_000_000) + 1)
  }

  /// A client that asks on all the same must not get refusals faster than others get answers.
  private func waitForToken(_ wait: TimeAmount) {
    hold()
    worker.eventLoop.assumeIsolated().scheduleTask(in: wait) {
      self.arrivals.restart(now: .now())
      self.release()
    }
  }
}

extension Refusal {
  /// What a client is told whose connection ends by a limit.
  fileprivate init(_ limit: Limit) {
    switch limit {
    case .loginTime: self = .loginTimeout
    case .lineTime: self = .lineTimeout
    case .idleTime: self = .idleTimeout
    default: self = .tooManyConnections
    }
  }
}

extension Event.Closing {
  fileprivate init?(_ limit: Limit) {
    switch limit {
    case .idleTime: self = .idleTimeout
    case .lineTime: self = .lineTimeout
    default: return nil
    }
  }
}
