// One connection's time of listening: its feed, and what happens while its client doesn't read.
// Never lets events pile up in the node: they wait in Redis.
// On the event loop of the connection.

import ChatProtocol
import Logging
import NIOCore

/// From `listen` to `unlisten`, the end of the session or of the connection.
///
/// A client that does not read first gets no more events. Its requests wait, too, as on every connection; if some do for
/// longer than the patience, in which it did not read enough to make room, the connection is closed.
final class Listening {
  let feed: InboxFeed
  private unowned let connection: ConnectionHandler
  let user: AccountName
  /// Events wait because the client doesn't read.
  private var isPaused = false
  /// Since when there is no room.
  private var blockedSince: NIODeadline?
  /// Since when requests wait for it.
  private var waitingSince: NIODeadline?
  private var isJudgementDue = false
  /// The highest number that was confirmed here.
  private var lastConfirmation = 0

  private var worker: Worker { connection.worker }

  init(on connection: ConnectionHandler, for user: AccountName) {
    (self.connection, self.user) = (connection, user)
    let feed = connection.worker.feeds.feed(of: user)
    self.feed = feed
    feed.add(connection)
    // Once the others know, they tell; what they stored before is there to be read.
    worker.membership.change(user, connections: 0, listeners: 1, graceful: true, on: worker.eventLoop)
      .assumeIsolated().whenComplete { _ in feed.wake() }
  }

  /// No more events. `isUnbinding`: the connection tells Redis itself.
  func end(isUnbinding: Bool) {
    feed.remove(connection)
    worker.stopWatching(connection)
    if isUnbinding { return }
    _ = worker.membership.change(user, connections: 0, listeners: -1, graceful: true, on: worker.eventLoop)
  }

  /// Whether the client reads quickly enough for another event. If not, it gets it when it does.
  var takesEvents: Bool {
    isPaused = !connection.hasRoom
    return !isPaused
  }

  /// Whether an `ack` says something new about a message that came here; once for each message.
  func isFirstConfirmation(of sequence: Int) -> Bool {
    guard sequence > lastConfirmation, case .unconfirmed = feed.find(sequence, for: connection) else { return false }
    lastConfirmation = sequence
    return true
  }

  /// The client may have read something.
  func resume() {
    guard isPaused, connection.hasRoom else { return }
    isPaused = false
    feed.readsAgain(connection)
    worker.tellMissedPresence(to: connection)
  }

  /// The client reads nothing (any more), or it does again.
  func setBlocked(_ isBlocked: Bool) {
    (blockedSince, waitingSince) = (isBlocked ? .now() : nil, nil)
    if isBlocked {
      requestsArrived()
      judgeLater()
    }
  }

  /// Requests have arrived: while there is no room they wait.
  func requestsArrived() {
    if blockedSince != nil, waitingSince == nil, connection.hasWaitingRequests { waitingSince = .now() }
  }

  private func judgeLater() {
    guard !isJudgementDue else { return }
    isJudgementDue = true
    worker.eventLoop.assumeIsolated().scheduleTask(in: worker.configuration.slowConsumerPatience) { [weak self] in
      self?.judge()
    }
  }

  private func judge() {
    isJudgementDue = false
    guard blockedSince != nil, connection.listening === self else { return }
    let patience = worker.configuration.slowConsumerPatience
    guard let waitingSince, waitingSince + patience <= .now() else { return judgeLater() }
    worker.logger.info(
      "closing a slow consumer",
      metadata: ["connection": "\(connection.name)", "address": "\(connection.remoteAddress)"])
    worker.telemetry.refused(by: .outbox)
    connection.end(telling: .slowConsumer)
  }
}
