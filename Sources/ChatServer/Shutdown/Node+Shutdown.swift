// The end of a node: no new connections, clients sent elsewhere, replies written, presence given up, Redis closed.
// Never loses what was acknowledged, never leaves a user behind as active.
// In an async task; what ends is on the event loops.

import Logging
import NIOCore
import RedisClient

extension Node {
  /// Leaves the listeners to other nodes, and sends the clients there: until none is left, the time is over, or the task is
  /// cancelled. Without another node there is nowhere to go, and the clients had better find this one again soon.
  func drain(_ parts: Parts, _ listeners: [any Channel]) async {
    for worker in parts.workers { try? await worker.eventLoop.submit { worker.value.isDraining = true }.get() }
    await withTaskGroup { group in
      for listener in listeners { group.addTask { await Listener.close(listener) } }
    }
    let time = configuration.drainTime
    guard time > .zero, !Task.isCancelled else { return }
    let hasPeers = try? await parts.first.flatSubmit { parts.membership.value.hasPeers() }.get()
    guard hasPeers == true, !Task.isCancelled else { return }
    logger.notice("draining", metadata: ["seconds": "\(time.nanoseconds / 1_000_000_000)"])
    let ended = parts.workers.map { worker in worker.eventLoop.flatSubmit { worker.value.drain(within: time) } }
    await finish(ended, within: time, parts.first)
  }

  /// The replies on their way, then presence, then Redis.
  func stop(_ parts: Parts, _ listeners: [any Channel], _ subscriber: NIOLoopBound<RedisSubscriber>) async {
    for listener in listeners { try? await listener.close() }
    let ended = parts.workers.map { worker in worker.eventLoop.flatSubmit { worker.value.stop() } }
    await finish(ended, within: configuration.shutdownTimeout, parts.first, isCancellable: false)
    try? await parts.first.flatSubmit { parts.membership.value.leave() }.get()
    for worker in parts.workers { try? await worker.eventLoop.submit { worker.value.stopNow() }.get() }
    try? await parts.first.submit { subscriber.value.close() }.get()
  }

  /// Waits until all have succeeded, at most so long.
  private func finish(
    _ ended: [EventLoopFuture<Void>], within time: TimeAmount, _ loop: any EventLoop, isCancellable: Bool = true
  ) async {
    let timeout = loop.scheduleTask(in: time) {}
    EventLoopFuture.andAllComplete(ended, on: loop).whenComplete { _ in timeout.cancel() }
    await withTaskCancellationHandler {
      try? await timeout.futureResult.get()
    } onCancel: {
      if isCancellable { timeout.cancel() }
    }
  }
}
