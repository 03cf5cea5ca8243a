// A process's one connection for pub/sub: it listens on its channels, and again after every drop.
// Never promises that nothing was missed: it says when there may be a gap.
// On one event loop.

import Logging
import NIOCore

/// Listens on channels of Redis.
package final class RedisSubscriber {
  private let configuration: RedisConfiguration
  private var channels: [String]
  private let onMessage: (_ channel: String, _ payload: [UInt8]) -> Void
  private let onGap: () -> Void
  private let onLoss: () -> Void
  private var link: RedisLink?
  /// Channels that Redis has not confirmed on this connection.
  private var unconfirmed: Set<String> = []
  private var lastTraffic = NIODeadline.now()
  private var pingSent: NIODeadline?
  private var clock: RepeatedTask?

  /// - Parameters:
  ///   - onMessage: something was published. It must only note it: a subscriber that dawdles is cut off by Redis.
  ///   - onGap: all channels are subscribed (again); what was published before may have been missed.
  ///   - onLoss: the connection is gone; `onGap` follows when there is another.
  package init(
    _ configuration: RedisConfiguration, channels: [String], eventLoop: any EventLoop, logger: Logger,
    onMessage: @escaping (_ channel: String, _ payload: [UInt8]) -> Void, onGap: @escaping () -> Void,
    onLoss: @escaping () -> Void = {}
  ) {
    self.configuration = configuration
    self.channels = channels
    self.onMessage = onMessage
    self.onGap = onGap
    self.onLoss = onLoss
    link = RedisLink(
      configuration, eventLoop: eventLoop, logger: logger,
      onReady: { [unowned self] in subscribe() }, onReply: { [unowned self] in received($0) },
      onEnd: { [weak self] _ in self?.onLoss() })
  }

  package func start() {
    guard let link else { return }
    link.start()
    let bound = NIOLoopBound(self, eventLoop: link.eventLoop)
    clock = link.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
      bound.value.lookAtClock()
    }
  }

  package func close() {
    clock?.cancel()
    link?.close()
    link = nil
  }

  /// Listens on another channel in place of one. `onGap` follows when Redis has confirmed it.
  package func replace(_ channel: String, with other: String) {
    channels.removeAll { $0 == channel || $0 == other }
    channels.append(other)
    unconfirmed.remove(channel)
    unconfirmed.insert(other)
    // Without a connection, the next one begins with all channels.
    link?.write(RedisCommand("SUBSCRIBE", .text(other)))
    link?.write(RedisCommand("UNSUBSCRIBE", .text(channel)))
  }

  private func subscribe() {
    unconfirmed = Set(channels)
    pingSent = nil
    lastTraffic = .now()
    link?.write(RedisCommand(["SUBSCRIBE"] + channels.map { .text($0) }))
  }

  private func received(_ reply: RedisReply) {
    lastTraffic = .now()
    pingSent = nil
    // The rights may come later (ACL), and until then the log says what is missing.
    if case .error(let error) = reply {
      link?.reconnect(because: .subscriptionRefused(error))
      return
    }
    guard let parts = reply.elements, let kind = parts.first?.text else { return }
    switch kind {
    case "message":
      guard parts.count == 3, let channel = parts[1].text, case .bytes(let payload) = parts[2] else { return }
      onMessage(channel, payload)
    case "subscribe":
      // Only the last confirmation says that nothing is missed from here on.
      guard parts.count == 3, let channel = parts[1].text, unconfirmed.remove(channel) != nil else { return }
      if unconfirmed.isEmpty { onGap() }
    default: break  // "pong", "unsubscribe"
    }
  }

  private func lookAtClock() {
    guard let link, link.isReady else { return }
    let now = NIODeadline.now()
    if let sent = pingSent {
      if sent + configuration.replyTimeout <= now { link.reconnect(because: .stalled) }
    } else if lastTraffic + configuration.idlePing <= now {
      pingSent = now
      link.write(RedisCommand("PING"))
    }
  }
}
