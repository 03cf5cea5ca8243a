// One event loop's share of presence: who watches on its connections, and what they are told.
// Never lets a connection that does not read hold anything: what it misses it is told when it reads again.
// On the event loop of the worker.

import ChatProtocol
import ChatState

extension Worker {
  /// A connection watches these too. Answers who of all that it watches is active; from then on, changes come as events.
  /// `nil`, and nothing has changed, if they would be too many.
  func watch(_ watched: Watched, by connection: ConnectionHandler) -> ActiveUsers? {
    let id = ObjectIdentifier(connection)
    guard watchers.watch(watched, by: id) else { return nil }
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
      for id in watchers.connections { push([.presenceSummary(active: batch.active)], to: id) }
      return
    }
    for (id, changes) in watchers.news(in: batch) {
      push(changes.map { .presence($0.user, isActive: $0.isActive, at: $0.at.description) }, to: id)
    }
  }

  /// A connection reads again. If it missed something, it is told how those that it watches by name stand now, and if it
  /// watches everyone how many are active.
  func tellMissedPresence(to connection: ConnectionHandler) {
    let id = ObjectIdentifier(connection)
    guard watchers.isBehind(id) else { return }
    let users = watchers.users(watchedBy: id)
    let (active, revision) = presence.activeUsers(among: users)
    watchers.told(id, at: revision)
    let names = Set(active.names)
    let at = clock.text()
    var events = users.map { Event.presence($0, isActive: names.contains($0.description), at: at) }
    if watchers.watchesEveryone(id) { events.append(.presenceSummary(active: presence.activeUsers().count)) }
    push(events, to: id)
  }

  private func push(_ events: [Event], to id: ObjectIdentifier) {
    guard let connection = connection(id) else { return }
    for event in events {
      guard connection.listening?.takesEvents ?? false else { return watchers.fellBehind(id) }
      connection.push(event)
    }
  }
}
