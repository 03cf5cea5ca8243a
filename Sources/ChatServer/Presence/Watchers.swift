// Which connections watch whom, and who of them must be told what.
// Never tells a connection what it was told already, as far as the view's revisions show it.
// Pure value; on the event loop of its worker.

import ChatProtocol
import OrderedCollections

/// The watching connections of one event loop. To watch everyone and to watch users by name are independent: an event comes
/// once if either asks for it.
struct Watchers {
  typealias Connection = ObjectIdentifier

  /// The revision of the view at which a connection was told how everybody stood.
  private var everyone: [Connection: Int] = [:]
  /// The same for each user that a connection watches by name.
  private var named: [Connection: [AccountName: Int]] = [:]
  private var byUser: [AccountName: Set<Connection>] = [:]
  /// Whose the connections are that watch by name, and how many names all connections of one user watch.
  private var owners: [Connection: AccountName] = [:]
  private var nameCounts: [AccountName: Int] = [:]
  /// What connections must still be told that did not read when there was something to tell.
  private var missed: [Connection: Missed] = [:]

  private struct Missed {
    /// In the order in which they changed; each once.
    var users = OrderedSet<AccountName>()
    /// Only how many are active: there were too many changes to keep.
    var isSummary = false
  }

  /// Beyond this many users that one connection has missed, it is told how many are active.
  private static let mostMissed = 2000
  /// Names that the connections of one user may watch together: each takes a few hundred bytes, whether there is such a user or not.
  static let mostNamesOfOne = 5 * ProtocolLimits.watchedUsers

  /// All connections that watch somebody.
  var connections: Set<Connection> { Set(everyone.keys).union(named.keys) }

  /// Whether a connection watches everyone.
  func watchesEveryone(_ connection: Connection) -> Bool { everyone[connection] != nil }

  /// The users that a connection watches by name.
  func users(watchedBy connection: Connection) -> [AccountName] { (named[connection] ?? [:]).map(\.key) }

  // MARK: Watching

  /// A connection of `owner` watches these users too; `false`, and nothing has changed, if they would be too many.
  mutating func watch(_ watched: Watched, by connection: Connection, of owner: AccountName) -> Bool {
    switch watched {
    case .everyone: everyone[connection] = everyone[connection] ?? 0
    case .users(let users):
      var all = named[connection] ?? [:]
      for user in users where all[user] == nil { all[user] = 0 }
      let more = all.count - (named[connection]?.count ?? 0)
      guard all.count <= ProtocolLimits.watchedUsers, nameCounts[owner, default: 0] + more <= Self.mostNamesOfOne
      else { return false }
      owners[connection] = owner
      count(more, by: connection)
      named[connection] = all
      for user in users { byUser[user, default: []].insert(connection) }
    }
    return true
  }

  /// A connection was told how all that it watches stood at this revision.
  mutating func told(_ connection: Connection, at revision: Int) {
    if everyone[connection] != nil { everyone[connection] = revision }
    if let users = named[connection] { named[connection] = users.mapValues { _ in revision } }
    missed[connection] = nil
  }

  /// A connection does not watch these any more; `everyone` means anybody at all.
  mutating func unwatch(_ watched: Watched, by connection: Connection) {
    switch watched {
    case .everyone: stop(connection)
    case .users(let users):
      for user in users {
        if named[connection]?.removeValue(forKey: user) != nil { count(-1, by: connection) }
        forget(user, by: connection)
      }
      if named[connection]?.isEmpty == true { (named[connection], owners[connection]) = (nil, nil) }
    }
  }

  /// A connection watches nobody any more.
  mutating func stop(_ connection: Connection) {
    everyone[connection] = nil
    let users = named.removeValue(forKey: connection) ?? [:]
    count(-users.count, by: connection)
    for user in users.keys { forget(user, by: connection) }
    (owners[connection], missed[connection]) = (nil, nil)
  }

  private mutating func count(_ change: Int, by connection: Connection) {
    guard let owner = owners[connection] else { return }
    let count = nameCounts[owner, default: 0] + change
    nameCounts[owner] = count == 0 ? nil : count
  }

  private mutating func forget(_ user: AccountName, by connection: Connection) {
    byUser[user]?.remove(connection)
    if byUser[user]?.isEmpty == true { byUser[user] = nil }
  }

  // MARK: Telling

  /// What each connection must be told of a batch that is no summary, in the order of the batch.
  func news(in batch: PresenceBatch) -> [Connection: [PresenceChange]] {
    var news: [Connection: [PresenceChange]] = [:]
    for change in batch.changes {
      for (connection, told) in everyone where change.isNews(since: told) {
        news[connection, default: []].append(change)
      }
      for connection in byUser[change.user] ?? [] where everyone[connection] == nil {
        guard let told = named[connection]?[change.user], change.isNews(since: told) else { continue }
        news[connection, default: []].append(change)
      }
    }
    return news
  }

  /// A connection did not read when there was something to tell: it is told later how these users stand then.
  mutating func miss(_ users: some Sequence<AccountName>, _ connection: Connection) {
    guard everyone[connection] != nil || named[connection] != nil else { return }
    var missed = self.missed[connection] ?? Missed()
    missed.users.append(contentsOf: users)
    if missed.users.count > Self.mostMissed { missed = Missed(isSummary: true) }
    self.missed[connection] = missed
  }

  /// The same for a summary.
  mutating func missSummary(_ connection: Connection) { missed[connection] = Missed(isSummary: true) }

  /// Whether a connection must still be told something.
  func isBehind(_ connection: Connection) -> Bool { missed[connection] != nil }

  /// What it is told next.
  enum News: Equatable {
    case presence(of: AccountName)
    case summary
  }

  /// Takes out what a connection is told next; `nil` if there is nothing.
  mutating func nextMissed(_ connection: Connection) -> News? {
    guard var missed = self.missed[connection] else { return nil }
    if missed.isSummary || missed.users.isEmpty {
      self.missed[connection] = nil
      return missed.isSummary ? .summary : nil
    }
    let user = missed.users.removeFirst()
    self.missed[connection] = missed.users.isEmpty ? nil : missed
    return .presence(of: user)
  }
}
