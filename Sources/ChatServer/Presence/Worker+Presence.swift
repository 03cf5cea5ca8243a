// One event loop's share of presence: who watches on its connections, and what they are told.
// Never lets a connection that does not read hold anything: what it misses it is told when it reads again.
// On the event loop of the worker.

import ChatProtocol
import ChatState
import NIOCore

extension Worker {
  /// A connection watches these too. Answers who of all that it watches is active; from then on, changes come as events.
  /// `nil`, and nothing has changed, if they would be too many.
  func watch(_ watched: Watched, by connection: ConnectionHandler) -> ActiveUsers? {
    let id = ObjectIdentifier(connection)
    guard let user = connection.listening?.user, watchers.watch(watched, by: id, of: user) else { return nil }
    let (active, revision) = presence.activeUsers(
      among: watchers.watchesEveryone(id) ? nil : watchers.users(watchedBy: id))
    watchers.told(id, at: revision)
    return active
  }

  /// A connection does not watch these any more; `everyone` means anybody at all.
  func unwatch(_ watched: Watched, by connection: ConnectionHandler) {
    watchers.unwatch(watched, by: ObjectIdentifier(connection))
  }

  /// A connection has closed or does not listen any more.
  func stopWatching(_ connection: ConnectionHandler) { watchers.stop(ObjectIdentifier(connection)) }

  /// The view has changed.
  func presenceChanged(_ batch: PresenceBatch) {
    if batch.isSummary {
      for id in watchers.connections { tellSummary(batch.active, to: id) }
      return
    }
    for (id, changes) in watchers.news(in: batch) { tell(changes, to: id) }
  }

  private func tellSummary(_ active: Int, to id: ObjectIdentifier) {
    guard let connection = connection(id) else { return }
    if !watchers.isBehind(id), connection.listening?.takesEvents ?? false {
      connection.push(.presenceSummary(active: active))
    } else {
      watchers.missSummary(id)
    }
  }

  private func tell(_ changes: [PresenceChange], to id: ObjectIdentifier) {
    guard let connection = connection(id) else { return }
    var rest = changes[...]
    while !watchers.isBehind(id), let change = rest.first, connection.listening?.takesEvents ?? false {
      connection.push(.presence(change.user, isActive: change.isActive, at: change.at.description))
      rest.removeFirst()
    }
    if !rest.isEmpty { watchers.miss(rest.map(\.user), id) }
  }

  /// A connection reads again: of each user of whom it missed something it is told how she stands now.
  func tellMissedPresence(to connection: ConnectionHandler) {
    let (id, now) = (ObjectIdentifier(connection), NIODeadline.now())
    while watchers.isBehind(id), connection.listening?.takesEvents ?? false, let news = watchers.nextMissed(id) {
      switch news {
      case .summary: connection.push(.presenceSummary(active: presence.activeCount))
      case .presence(let user):
        connection.push(.presence(user, isActive: presence.isActive(user), at: clock.text(at: now)))
      }
    }
  }
}
