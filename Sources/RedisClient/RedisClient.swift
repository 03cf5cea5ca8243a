// One event loop's client of Redis: requests in, outcomes out, in order, bounded in number, bytes and time.
// Never blocks, never repeats a request that says it must not be, never leaves one unanswered.
// On one event loop; others use `RedisHandle`.

import Logging
import NIOCore

/// A pipelined client: what one turn of the event loop asks for leaves in one write, or in a few large ones.
package final class RedisClient {
  package typealias Completion = (Result<RedisReply, RedisError>) -> Void

  package let eventLoop: any EventLoop
  private let configuration: RedisConfiguration
  private var queue: RequestQueue
  private var link: RedisLink?
  private var isFlushScheduled = false
  private var clock: Scheduled<Void>?
  private var lastTraffic = NIODeadline.now()
  private var writeBuffer = ByteBuffer()
  /// Nothing had come at the last look, and a reply was late.
  private var wasSilent = false
  private var isReconnecting = false
  /// Replies to appends that wait for the replicas.
  private var unreplicated: [(completion: Completion, reply: RedisReply, deadline: NIODeadline)] = []
  private var isWaitUnderWay = false
  private var needsReplicas = false
  /// Of all written requests at one moment, how many are still to be answered until the last of them is.
  private var probe: (left: Int, since: NIODeadline)?
  /// How often a connection became usable.
  package private(set) var connections = 0
  /// How many requests left together at last: as many as one turn of the event loop made, or a part of them that is large enough.
  package private(set) var requestsInLastWrite = 0
  /// Called now and then with how long Redis took to answer what was written: one measurement at a time.
  package var onRoundTrip: ((TimeAmount) -> Void)?

  /// Between two tries of a command that Redis can't serve for the moment.
  package static let pause = TimeAmount.milliseconds(50)
  /// So much does not wait for the end of the turn. Redis reads 16 KiB at a time; 16 and 64 KiB were not better.
  private static let earlyBytes = 32 * 1024
  /// How often deadlines are looked at while requests are on their way.
  private static let clockPeriod = TimeAmount.milliseconds(50)

  package init(_ configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    queue = RequestQueue(
      limits: .init(requests: configuration.maximumRequests, bytes: configuration.maximumRequestBytes))
    link = RedisLink(
      configuration, eventLoop: eventLoop, logger: logger,
      onReady: { [unowned self] in ready() }, onReply: { [unowned self] in received($0) },
      onEnd: { [unowned self] in ended($0) })
  }

  /// How long a request may take in all, unless it has a deadline of its own.
  package var requestTimeout: TimeAmount { configuration.requestTimeout }

  /// Why there is no connection, in words; `nil` if there is one.
  package var connectionFailure: String? { link?.failure }

  /// Since when requests reach Redis; `nil` if they don't now.
  package var readySince: NIODeadline? { link?.isReady == true ? link?.readySince : nil }

  /// How long there was no connection before the present one.
  package var lastOutage: TimeAmount { link?.lastOutage ?? .zero }

  /// Whether requests reach Redis now.
  package var isReady: Bool { link?.isReady ?? false }

  /// Requests that wait or are on their way.
  package var requestsInFlight: Int { queue.count }

  /// Begins to connect; requests may be sent before it has succeeded.
  package func start() {
    link?.start()
    startClock()
  }

  /// Sends a command. `completion` is called once: with the reply (which may be an error of the server), or with why
  /// there is none. While there is no connection the command waits for one, until its deadline.
  package func send(_ command: RedisCommand, _ completion: @escaping Completion) {
    send(command, deadline: .now() + configuration.requestTimeout, completion)
  }

  /// Sends a request and reads its reply. Without a deadline of its own it has the configuration's request timeout.
  package func perform<Value>(
    _ request: RedisRequest<Value>, deadline: NIODeadline? = nil,
    _ completion: @escaping (Result<Value, RedisError>) -> Void
  ) {
    send(request.command, deadline: deadline ?? .now() + configuration.requestTimeout) {
      completion(request.value(of: $0))
    }
  }

  /// Fails what is on its way and ends the connection.
  package func close() {
    clock?.cancel()
    link?.close()
    link = nil
    for completion in queue.connectionLost(repeating: false) + queue.removeWaiting() { completion(.failure(.closed)) }
  }

  /// The same with a deadline of its own; `now` for who has just looked at the clock.
  package func send(
    _ command: RedisCommand, deadline: NIODeadline, now: NIODeadline = .now(), _ completion: @escaping Completion
  ) {
    if let refusal = refusal(deadline: deadline, now: now) { return completion(.failure(refusal)) }
    guard queue.add(command, deadline: deadline, completion) else {
      return completion(.failure(.overloaded))
    }
    scheduleFlush()
  }

  /// Sends a request that stores a message and is never repeated. `encode` appends its RESP form to those that wait already: a
  /// message has no memory of its own for it. `encode` is called at most once, within this call.
  package func sendAppend(
    deadline: NIODeadline, now: NIODeadline, encode: (inout [UInt8]) -> Void, _ completion: @escaping Completion
  ) {
    if let refusal = refusal(deadline: deadline, now: now) { return completion(.failure(refusal)) }
    guard queue.addAppend(deadline: deadline, completion, encode: encode) else {
      return completion(.failure(.overloaded))
    }
    scheduleFlush()
  }

  /// Why nothing can be sent at all.
  private func refusal(deadline: NIODeadline, now: NIODeadline) -> RedisError? {
    eventLoop.preconditionInEventLoop()
    if link == nil { return .closed }
    return now < deadline ? nil : .timedOut(written: false)
  }

  /// One write for all that this turn of the loop produces: the task runs after the events of the turn. Of a long turn a part
  /// leaves earlier, so that Redis has work on another core meanwhile.
  private func scheduleFlush() {
    guard isReady else { return }
    if queue.bytesToWrite >= Self.earlyBytes { return flush() }
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.flush()
    }
  }

  private func flush() {
    guard isReady, queue.waiting > 0 else { return }
    lastTraffic = .now()
    requestsInLastWrite = queue.waiting
    if writeBuffer.capacity > RequestQueue.keptBytes { writeBuffer = ByteBuffer() } else { writeBuffer.clear() }
    let holdsAppend = queue.write(to: &writeBuffer, now: lastTraffic)
    needsReplicas = needsReplicas || (holdsAppend && configuration.minimumReplicas > 0)
    // Not behind a `WAIT`: that takes as long as the replicas do.
    if probe == nil, onRoundTrip != nil, !isWaitUnderWay { probe = (queue.count, lastTraffic) }
    if needsReplicas, !isWaitUnderWay { askForReplicas() }
    link?.write(writeBuffer)
  }

  /// One `WAIT` behind the appends so far; their replies are kept back until it is answered. It holds up the connection,
  /// so there is one at a time, and it is given up well before the connection would be.
  private func askForReplicas() {
    let minimum = configuration.minimumReplicas
    let patience = min(configuration.requestTimeout, configuration.replyTimeout).nanoseconds / 2_000_000
    let wait = RedisCommand("WAIT", .number(minimum), .number(Int(patience))).repeated(.never)
    isWaitUnderWay = true
    needsReplicas = false
    let settle: Completion = { [unowned self] result in
      isWaitUnderWay = false
      let kept = unreplicated
      unreplicated = []
      for (completion, reply, _) in kept {
        switch result {
        case .success(.integer(let count)) where count >= minimum: completion(.success(reply))
        case .success: completion(.failure(.notReplicated))
        case .failure(let error): completion(.failure(error))
        }
      }
      if needsReplicas { scheduleWait() }
    }
    queue.addReserved(wait, deadline: lastTraffic + configuration.replyTimeout, settle)
    _ = queue.write(to: &writeBuffer, now: lastTraffic)
  }

  /// Appends were written while a `WAIT` was under way: they need one of their own.
  private func scheduleWait() {
    eventLoop.assumeIsolated().execute {
      guard self.isReady, self.needsReplicas, !self.isWaitUnderWay else { return }
      self.writeBuffer.clear()
      self.lastTraffic = .now()
      self.askForReplicas()
      self.link?.write(self.writeBuffer)
    }
  }

  private func ready() {
    connections += 1
    flush()
  }

  private func received(_ reply: RedisReply) {
    guard let request = queue.nextAnswered() else {
      link?.reconnect(because: .unrequestedReply)
      return
    }
    if probe != nil { answered() }
    guard let completion = request.completion else { return }
    if case .error(let error) = reply { return refused(request, error, completion) }
    if configuration.minimumReplicas > 0, request.isAppend {
      return unreplicated.append((completion, reply, request.deadline))
    }
    completion(.success(reply))
  }

  /// Redis has answered a request with an error.
  private func refused(
    _ request: RequestQueue.Request, _ error: RedisServerError, _ completion: @escaping Completion
  ) {
    let deadline = request.deadline
    if error.kind == .noScript, let whole = request.command?.withScriptText {
      return send(whole, deadline: deadline, completion)
    }
    // This server is a replica now: perhaps the address leads to the new master.
    if error.kind == .readOnly { reconnectSoon() }
    guard error.isPassing, let command = request.command, command.repetition == .always, .now() + Self.pause < deadline
    else {
      // An earlier connection may have carried it out: then this refusal does not mean that nothing was done.
      return completion(request.wasWritten ? .failure(.connectionLost(written: true)) : .success(.error(error)))
    }
    eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.send(command, deadline: deadline, completion) }
  }

  private func answered() {
    probe?.left -= 1
    guard let (left, since) = probe, left <= 0 else { return }
    probe = nil
    onRoundTrip?(.now() - since)
  }

  /// Not at once: other requests may be about to get the same definite answer.
  private func reconnectSoon() {
    guard !isReconnecting else { return }
    isReconnecting = true
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
      self.isReconnecting = false
      self.link?.reconnect(because: .demoted)
    }
  }

  private func ended(_ reason: RedisConnection.End) {
    probe = nil
    for completion in queue.connectionLost(repeating: reason.isNoFaultOfARequest) {
      completion(.failure(.connectionLost(written: true)))
    }
  }

  private func startClock() {
    clock = eventLoop.assumeIsolated().scheduleTask(in: queue.isEmpty ? .milliseconds(500) : Self.clockPeriod) {
      self.lookAtClock()
      if self.link != nil { self.startClock() }
    }
  }

  /// A late reply alone proves nothing: Redis may be sending megabytes before it, or this event loop was late itself and
  /// the reply lies in the socket. So nothing must have come, at two looks between which the loop has read.
  private func judgeSilence(_ isReplyLate: Bool, now: NIODeadline) {
    guard isReplyLate, let link, link.isSilent(for: configuration.replyTimeout, at: now) else {
      wasSilent = false
      return
    }
    if wasSilent { link.reconnect(because: .stalled) }
    wasSilent.toggle()
  }

  private func lookAtClock() {
    let now = NIODeadline.now()
    let expiry = queue.expire(now: now, replyTimeout: configuration.replyTimeout)
    for (completion, written) in expiry.timedOut { completion(.failure(.timedOut(written: written))) }
    let late = unreplicated.filter { $0.deadline <= now }
    unreplicated.removeAll { $0.deadline <= now }
    for kept in late { kept.completion(.failure(.notReplicated)) }
    judgeSilence(expiry.isStalled, now: now)
    if isReady, queue.isEmpty, lastTraffic + configuration.idlePing <= now {
      send(RedisCommand("PING")) { _ in }
    }
  }
}
