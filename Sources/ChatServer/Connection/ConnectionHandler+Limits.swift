// What a client may take, as its connection sees it: its place, its time, its commands, and nothing new of a node in need.
// Never counts what the node keeps bounded anyway (outbox, lines, requests under way).
// On the event loop of the connection.

import ChatProtocol
import ChatState
import Logging
import NIOCore

extension ConnectionHandler: ProxiedConnection {
  // MARK: Admission

  func introduce(_ client: IPAddress?, headerBytes: Int) -> Bool {
    (self.client, proxyHeaderBytes) = (client ?? self.client, headerBytes)
    if !isBehindTLS { times.introduced(at: .now()) }
    let source = LoginSource(address: remoteAddress)
    if let limit = worker.admission.assign(source) { end(by: limit) } else { admittedSource = source }
    return true
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
    worker.logger.debug(
      "closing", metadata: ["connection": "\(name)", "limit": "\(limit.rawValue)", "address": "\(remoteAddress)"])
    guard times.isIntroduced else { return close() }
    if let reason = Event.Closing(limit), isListening { return end(telling: reason) }
    end(telling: Refusal(limit))
  }

  // MARK: Commands

  /// Ending something is free; an `ack` of a message that was pushed here has been paid for by whoever sent it.
  private func isFree(_ command: Command) -> Bool {
    switch command {
    case .quit: true
    case .logout(nil): binding != nil
    case .ack(_, let sequence, nil): listening?.isFirstConfirmation(of: sequence) ?? false
    default: false
    }
  }

  /// Takes a token for a line, also for one that holds no command (`nil`); the refusal if there is none.
  func takeToken(for command: Command?, now: NIODeadline) -> Refusal? {
    let limits = worker.configuration.clientLimits
    guard let rate = limits.commandRate ?? limits.userCommandRate else { return nil }
    if let command, isFree(command) { return nil }
    if let binding { return slowDown(binding.rate.take(limits, now: now)) }
    return slowDown(anonymousBucket.take(rate, now: now).map { (.commandRate, $0) })
  }

  /// The same for a session that this connection has not been bound to so far: what a connection may ask without a session
  /// is not a session's to spend.
  func takeToken(of session: Session) -> Refusal? {
    slowDown(worker.commandRates.rate(of: session).take(worker.configuration.clientLimits, now: .now()))
  }

  /// A client that asks on all the same must not get refusals faster than others get answers: its next line waits.
  private func slowDown(_ excess: (limit: Limit, wait: TimeAmount)?) -> Refusal? {
    guard let (limit, missing) = excess else { return nil }
    worker.telemetry.refused(by: limit)
    if !isThrottled {
      isThrottled = true
      worker.eventLoop.assumeIsolated().scheduleTask(in: missing) { self.endThrottle() }
    }
    return .slowDown(retryAfter: Int(missing.nanoseconds / 1_000_000) + 1)
  }
}

extension ConnectionHandler {
  // MARK: Overload

  /// When a client that is refused for the node's overload may ask again, in milliseconds.
  private static let overloadPause = 1000

  /// Refuses new work while there is too much of it. What ends or confirms something is always taken: it makes room.
  func shed(_ command: Command, now: NIODeadline) -> Refusal? {
    worker.watchLoad(at: now)
    guard worker.isOverloaded(at: now) else { return nil }
    switch command {
    case .ack, .logout, .quit, .ping, .help, .activeUsers, .unlisten, .watch, .unwatch: return nil
    case .auth, .resume, .send, .inbox, .listen, .block, .unblock, .blocks, .passwd:
      worker.telemetry.refused(by: .overload)
      return .overloaded(retryAfter: Self.overloadPause)
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
