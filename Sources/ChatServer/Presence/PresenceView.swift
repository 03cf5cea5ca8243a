// Who is active on which nodes, as this node knows it.
// Never asks Redis and never guesses: an announcement that does not follow the one before is a gap, and its node must be read.
// Pure value; in `SharedPresence`.

import ChatProtocol
import ChatState

/// The presence view of a node. What changes it also notes what that means to those who watch: see `takeChanges`.
struct PresenceView {
  private struct Node {
    /// The number of the last announcement that is in `users`.
    var version: Int
    var users: [AccountName: PresenceState] = [:]
  }

  /// This node. Its users come from its own counts alone, so neither being removed by its peers nor a Redis that is away
  /// makes them vanish here.
  private(set) var own: NodeID
  private var nodes: [NodeID: Node]
  /// On how many nodes each active user is.
  private var activity: [AccountName: Int] = [:]
  /// Where somebody listens; who listens nowhere is not in it.
  private var listening: [AccountName: [NodeID]] = [:]
  private var changes: [AccountName: PresenceChange] = [:]
  /// How often anybody became active or inactive.
  private(set) var revision = 0
  private var sortedNames: [String]?

  init(own: NodeID) {
    self.own = own
    nodes = [own: Node(version: 0)]
  }

  // MARK: Answers

  /// Nodes on which a connection of the user listens; this node may be among them.
  func listeningNodes(of user: AccountName) -> [NodeID] { listening[user] ?? [] }

  func isActive(_ user: AccountName) -> Bool { activity[user] != nil }

  /// How many users are active.
  var activeCount: Int { activity.count }

  /// All active users: up to 1,000 names in alphabetical order, of more users any 1,000. Cheap until something changes.
  mutating func activeUsers(isStale: Bool) -> ActiveUsers {
    let names = sortedNames ?? activity.keys.prefix(ProtocolLimits.activeNames).map(\.description).sorted()
    sortedNames = names
    return ActiveUsers(names: names, count: activity.count, isStale: isStale)
  }

  /// Those of some users who are active, in the same form.
  func activeUsers(among users: some Sequence<AccountName>, isStale: Bool) -> ActiveUsers {
    let names = users.filter { activity[$0] != nil }.map(\.description).sorted()
    return ActiveUsers(
      names: Array(names.prefix(ProtocolLimits.activeNames)), count: names.count, isStale: isStale)
  }

  /// The other nodes that this view knows.
  var others: Set<NodeID> {
    var others = Set(nodes.keys)
    others.remove(own)
    return others
  }

  // MARK: Changes

  /// Takes in what a node has announced. `false`: it does not follow what is known of that node, which must be read; the
  /// view is unchanged. What is known already, and what this node has announced itself, changes nothing.
  mutating func apply(_ announcement: PresenceAnnouncement, at now: Timestamp) -> Bool {
    switch announcement {
    case .gone(let node): remove(node, at: now)
    case .changes(let node, let version, let changes):
      if node == own { return true }
      guard let known = nodes[node]?.version, version <= known + 1 else { return false }
      if version <= known { return true }
      for change in changes { set(change.user, change.state, on: node, now) }
      nodes[node]?.version = version
    }
    return true
  }

  /// All users of another node, as they were read. Who is there before and after does not blink.
  mutating func replace(
    _ node: NodeID, with users: [AccountName: PresenceState], version: Int, at now: Timestamp
  ) {
    if node == own { return }
    if nodes[node] == nil { nodes[node] = Node(version: version) }
    let before = nodes[node]?.users ?? [:]
    for (user, state) in users { set(user, state, on: node, now) }
    for user in before.keys where users[user] == nil { set(user, nil, on: node, now) }
    nodes[node]?.version = version
  }

  /// Another node is not there any more.
  mutating func remove(_ node: NodeID, at now: Timestamp) {
    if node == own { return }
    for user in (nodes[node]?.users ?? [:]).keys { set(user, nil, on: node, now) }
    nodes[node] = nil
  }

  /// A user of this node has this state now; `nil`: she is not here any more.
  mutating func setOwn(_ user: AccountName, _ state: PresenceState?, at now: Timestamp) {
    set(user, state, on: own, now)
  }

  /// This node has another incarnation with the same users.
  mutating func rename(own new: NodeID) {
    guard new != own, let node = nodes.removeValue(forKey: own) else { return }
    for (user, state) in node.users where state == .listening {
      listening[user] = listening[user]?.map { $0 == own ? new : $0 }
    }
    nodes[new] = node
    own = new
  }

  private mutating func set(_ user: AccountName, _ state: PresenceState?, on node: NodeID, _ now: Timestamp) {
    let before = nodes[node]?.users[user]
    guard before != state else { return }
    nodes[node]?.users[user] = state
    if (before == .listening) != (state == .listening) {
      var places = listening.removeValue(forKey: user) ?? []
      if state == .listening { places.append(node) } else { places.removeAll { $0 == node } }
      if !places.isEmpty { listening[user] = places }
    }
    if (before == nil) != (state == nil) { count(user, by: state == nil ? -1 : 1, now) }
  }

  private mutating func count(_ user: AccountName, by delta: Int, _ now: Timestamp) {
    let count = activity[user, default: 0] + delta
    activity[user] = count > 0 ? count : nil
    let isActive = count > 0
    guard isActive != (count - delta > 0) else { return }
    revision += 1
    sortedNames = nil
    changes[user, default: PresenceChange(of: user, from: !isActive, revision)].became(isActive, revision, at: now)
  }

  // MARK: For those who watch

  /// Whether anybody has changed since the last look.
  var hasChanges: Bool { !changes.isEmpty }

  /// Who has changed since the last look.
  mutating func takeChanges() -> PresenceBatch {
    let batch = PresenceBatch(Array(changes.values), active: activity.count)
    changes = [:]
    return batch
  }
}
