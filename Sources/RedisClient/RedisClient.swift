// One event loop's client of Redis: requests in, outcomes out, in order, bounded in number, bytes and time.
// Never blocks, never repeats a request by itself (but for a script that Redis forgot), never leaves one unanswered.
// On one event loop; others use `RedisHandle`.

import Logging
import NIOCore

/// A pipelined client: what one turn of the event loop asks for leaves in one write.
package final class RedisClient {
  package typealias Completion = (Result<RedisReply, RedisError>) -> Void

  package let eventLoop: any EventLoop
  private let configuration: RedisConfiguration
  private var queue: RequestQueue<Completion>
  private var link: RedisLink?
  private var isFlushScheduled = false
  private var clock: Scheduled<Void>?
  private var lastTraffic = NIODeadline.now()
  private var writeBuffer = ByteBuffer()
  /// Called when the connection begins or ceases to be usable.
  package var onReadinessChange: ((Bool) -> Void)?

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
      onEnd: { [unowned self] in ended() })
  }

  /// Whether requests reach Redis now.
  package var isReady: Bool { link?.isReady ?? false }

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

  /// Sends a request and reads its reply.
  package func perform<Value>(
    _ request: RedisRequest<Value>, _ completion: @escaping (Result<Value, RedisError>) -> Void
  ) {
    send(request.command) { completion(request.value(of: $0)) }
  }

  /// Fails what is on its way and ends the connection.
  package func close() {
    clock?.cancel()
    link?.close()
    link = nil
    for completion in queue.removeWaiting() { completion(.failure(.closed)) }
  }

  private func send(_ command: RedisCommand, deadline: NIODeadline, _ completion: @escaping Completion) {
    eventLoop.preconditionInEventLoop()
    guard link != nil else { return completion(.failure(.closed)) }
    guard queue.add(command, deadline: deadline, completion) else { return completion(.failure(.overloaded)) }
    scheduleFlush()
  }

  /// One write for all that this turn of the loop produces: the task runs after the events of the turn.
  private func scheduleFlush() {
    guard !isFlushScheduled, isReady else { return }
    isFlushScheduled = true
    eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.flush()
    }
  }

  private func flush() {
    guard isReady, queue.hasWaiting else { return }
    lastTraffic = .now()
    writeBuffer.clear()
    queue.write(to: &writeBuffer, now: lastTraffic)
    link?.write(writeBuffer)
  }

  private func ready() {
    onReadinessChange?(true)
    flush()
  }

  private func received(_ reply: RedisReply) {
    guard let (command, deadline, completion) = queue.nextAnswered() else {
      link?.reconnect(because: .unrequestedReply)
      return
    }
    guard let completion else { return }
    if case .error(let error) = reply, error.kind == .noScript, let whole = command.withScriptText {
      send(whole, deadline: deadline, completion)
    } else {
      completion(.success(reply))
    }
  }

  private func ended() {
    onReadinessChange?(false)
    for completion in queue.removeWritten() { completion(.failure(.connectionLost(written: true))) }
  }

  private func startClock() {
    clock = eventLoop.assumeIsolated().scheduleTask(in: queue.isEmpty ? .milliseconds(500) : Self.clockPeriod) {
      self.lookAtClock()
      if self.link != nil { self.startClock() }
    }
  }

  private func lookAtClock() {
    let now = NIODeadline.now()
    let expiry = queue.expire(now: now, replyTimeout: configuration.replyTimeout)
    for (completion, written) in expiry.timedOut { completion(.failure(.timedOut(written: written))) }
    if expiry.isStalled { link?.reconnect(because: .stalled) }
    if isReady, queue.isEmpty, lastTraffic + configuration.idlePing <= now {
      send(RedisCommand("PING")) { _ in }
    }
  }
}
