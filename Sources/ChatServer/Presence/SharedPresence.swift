// The presence view of this node for all of its event loops, and whether it may be out of date.
// Never waits: it is locked for one look or one change at a time.
// Any thread; what changes it comes from the first event loop.

import ChatProtocol
import ChatState
import NIOCore
import Synchronization

/// A presence view behind a lock.
final class SharedPresence: Sendable {
  private struct State {
    var view: PresenceView
    var isSubscribed = false
    var isComplete = false
    /// When the lease was renewed last.
    var renewed: NIODeadline?
  }

  /// How long after the last renewal of the lease the view counts as up to date.
  static let trust = TimeAmount.seconds(4)

  private let state: Mutex<State>

  /// The view of a node that knows no other yet.
  init(own: NodeID) { state = Mutex(State(view: PresenceView(own: own))) }

  // MARK: Answers

  /// Nodes on which a connection of the user listens; this node may be among them. On the path of every message.
  func listeningNodes(of user: AccountName) -> [NodeID] { state.withLock { $0.view.listeningNodes(of: user) } }

  func isActive(_ user: AccountName) -> Bool { state.withLock { $0.view.isActive(user) } }

  /// This node, under its present id.
  var own: NodeID { state.withLock { $0.view.own } }

  /// Whether changes on other nodes may have been missed: no subscription, not all nodes read since it began, or no
  /// renewal of the lease for four seconds.
  var isStale: Bool { state.withLock { Self.isStale($0) } }

  /// How often anybody became active or inactive, in this view.
  var revision: Int { state.withLock { $0.view.revision } }

  /// How long ago the lease was renewed, and the view compared with the nodes in Redis; `nil`: never yet.
  var age: TimeAmount? { state.withLock { $0.renewed.map { .now() - $0 } } }

  /// How many users are active.
  var activeCount: Int { state.withLock { $0.view.activeCount } }

  /// All active users.
  func activeUsers() -> ActiveUsers { state.withLock { $0.view.activeUsers(isStale: Self.isStale($0)) } }

  /// Those of some users who are active (`nil`: all), and the view's revision at that moment.
  func activeUsers(among users: (some Sequence<AccountName> & Sendable)?) -> (ActiveUsers, revision: Int) {
    state.withLock { state in
      let isStale = Self.isStale(state)
      let active =
        users.map { state.view.activeUsers(among: $0, isStale: isStale) } ?? state.view.activeUsers(isStale: isStale)
      return (active, state.view.revision)
    }
  }

  // MARK: Changes

  /// Changes the view.
  func update<Value: Sendable>(_ body: (inout PresenceView) -> Value) -> Value {
    state.withLock { body(&$0.view) }
  }

  /// Announcements arrive, or don't any more.
  func setSubscribed(_ isSubscribed: Bool) { state.withLock { $0.isSubscribed = isSubscribed } }

  /// All nodes were read since announcements began to arrive, or must be read anew.
  func setComplete(_ isComplete: Bool) { state.withLock { $0.isComplete = isComplete } }

  /// The lease was renewed.
  func noteRenewal() { state.withLock { $0.renewed = .now() } }

  private static func isStale(_ state: State) -> Bool {
    guard state.isSubscribed, state.isComplete, let renewed = state.renewed else { return true }
    return renewed + trust < .now()
  }
}
