// What a node hears on its channels of Redis, and which of its parts is told.
// Never does what is heard: each part does, on its own event loop.
// On the first event loop.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

extension Node {
  /// What arrives is only handed on. With each new incarnation of this node its channel has another name.
  func subscribe(_ parts: Parts) async throws -> NIOLoopBound<RedisSubscriber> {
    try await parts.first.submit {
      let membership = parts.membership.value
      let subscriber = RedisSubscriber(
        redisConfiguration("subscriber"),
        channels: [KeySpace.control, KeySpace.presence, KeySpace.nodeChannel(membership.node)],
        eventLoop: parts.first, logger: logger,
        onMessage: { received($1, on: $0, parts) },
        onGap: {
          membership.renewSoon()
          membership.reader.subscribed()
          for worker in parts.workers {
            worker.execute {
              $0.newsHeardAgain()
              $0.mailMayHaveArrived()
            }
          }
        },
        onLoss: {
          membership.reader.lost()
          for worker in parts.workers { worker.execute { $0.newsLost() } }
        })
      membership.writer.onBatch = { batch in
        for worker in parts.workers { worker.execute { $0.presenceChanged(batch) } }
      }
      membership.onNewIncarnation = { [unowned subscriber] last, node in
        for worker in parts.workers { worker.execute { $0.node = node } }
        subscriber.replace(KeySpace.nodeChannel(last), with: KeySpace.nodeChannel(node))
      }
      subscriber.start()
      return NIOLoopBound(subscriber, eventLoop: parts.first)
    }.get()
  }

  /// Hands on a message of a channel; what this version does not know is passed over.
  private func received(_ payload: [UInt8], on channel: String, _ parts: Parts) {
    switch channel {
    case KeySpace.presence: parts.membership.value.reader.received(payload)
    case KeySpace.control:
      switch ControlMessage(String(decoding: payload, as: UTF8.self)) {
      case .logout(let session):
        parts.membership.value.reporter.sessionEnded(session)
        for worker in parts.workers { worker.execute { $0.sessionEnded(session) } }
      case .blocks(let user): for worker in parts.workers { worker.execute { $0.blockers.changed(of: user) } }
      case nil: return
      }
    default:
      switch NodeMessage(payload) {
      case .mail(let users):
        for (loop, users) in parts.feedLoops.feeds(of: users) {
          parts.workers[loop].execute { $0.mailArrived(for: users) }
        }
      case .message(let message, let sequence, let user):
        for loop in parts.feedLoops.feeds(of: [user]).keys {
          parts.workers[loop].execute { $0.messageArrived(message, sequence: sequence, for: user) }
        }
      case nil: return
      }
    }
  }
}
