// The one page that names every key and channel in Redis: its type, its lifetime, its owner.
// Never spelled anywhere else; a key that is not here is a mistake (`kabar check` will say so).
// Pure functions; any thread.

import ChatProtocol

/// Where everything is. `{u:NAME}` is a hash tag: all keys of one user live in one slot of a Redis Cluster. (The keys of
/// nodes and of the active set are changed together by scripts and have no common tag: that is left to do before Kabar can
/// run on a Redis Cluster.)
///
/// A block is in the keys of two users, in two slots, so it is two steps. `block` writes `blocked` first and `unblock` takes it out
/// last: whatever is in force is listed, its owner sees it in `blocks`, and the removal of an account finds it. What a crash can
/// leave is a name that is listed and not in force; saying `block` or `unblock` again completes it, and so does `kabar check --repair`.
///
/// | key | type | holds | ends |
/// | --- | --- | --- | --- |
/// | `kabar:accounts` | ZSET | every account name, score 0, so that a list needs no scan | with the account |
/// | `kabar:{u:NAME}:account` | HASH | `name` (display), `password` (PHC string), `created`; while it is disabled also `disabled` | `account remove` |
/// | `kabar:{u:NAME}:inbox` | LIST | element 0: how many messages were ever confirmed; then records, oldest first | with the account |
/// | `kabar:{u:NAME}:inbox:disabled` | LIST | the same while the account is disabled: nobody can send to it | `account enable` |
/// | `kabar:{u:NAME}:reading` | HASH | `shown`: number of the last message that was ever shown; `confirmed`: what is confirmed and waits for a listener; a field for each event loop with listeners: what they all have, and when it said so (ms, clock of Redis) | with the account |
/// | `kabar:{u:NAME}:once:SENDER:TAG` | STRING | id of the message that SENDER stored for NAME with this tag | 10 min |
/// | `kabar:{u:NAME}:sessions` | ZSET | session id → end of its life (ms) | past entries at the next login |
/// | `kabar:{u:NAME}:blocked` | ZSET | whom NAME blocks, score 0; at most 1,000 | empty when NAME blocks nobody |
/// | `kabar:{u:NAME}:blockers` | ZSET | who blocks NAME, score 0: their nodes refuse what NAME sends them | empty when nobody does |
/// | `kabar:session:ID` | HASH | `user`, `name` (display), `node`, `address`, `created`, `seen`; ID is SHA-256 of the token | 24 h after its last use |
/// | `kabar:attempts:SOURCE` | HASH | account → `FAILURES WAIT`: wrong passwords from this address (IPv6: from this /64), and until when it waits (ms, clock of Redis; 0: it need not); `*`: the same for all accounts together; at most 100 accounts | 1 h after the last failure |
/// | `kabar:known:SOURCE` | STRING | `1`: somebody has logged in from this address (IPv6: from this /64), so it waits before strangers when many log in at once | 7 d after it was noted |
/// | `kabar:nodes` | ZSET | node incarnation → end of its lease (ms, clock of Redis; 0: being removed) | left or reaped |
/// | `kabar:node:ID` | HASH | `name`, `host`, `port`, `pid`, `version`, `started`, `http` (where operators ask it), `announced` (the number of its last message on `kabar:presence`), `reported` (the number of its last report of users), and as of its last renewal `connections` (open ones), `messages` (sends answered OK since it started), `rate` (the same per second, between its last two renewals) and `clock` (by how many ms its own was ahead of that of Redis) | with the node |
/// | `kabar:node:ID:users` | HASH | user who is active there → `CONNECTIONS/LISTENING` (`0/0`: in the grace after her last connection) | with the node |
/// | `kabar:active` | ZSET | active user → number of nodes on which she is | empty when nobody is active |
/// | `kabar:control` | channel | `logout SESSION-ID`; `blocks NAME`: who blocks NAME has changed | |
/// | `kabar:presence` | channel | `ID NUMBER +USER *USER -USER`: active, active and listening, not there any more; `ID gone` | |
/// | `kabar:node:ID` | channel | `mail USER USER`: these have new messages; `mail USER =NUMBER RECORD`: this one, all before it are confirmed | |
package enum KeySpace {
  package static let prefix = "kabar:"

  package static let accounts = prefix + "accounts"
  package static let nodes = prefix + "nodes"
  package static let active = prefix + "active"
  /// The channel on which nodes tell each other of ended sessions and changed blocks.
  package static let control = prefix + "control"
  /// The channel on which nodes tell each other who comes and goes.
  package static let presence = prefix + "presence"

  package static func account(_ name: AccountName) -> String { user(name, ":account") }
  package static func inbox(_ name: AccountName) -> String { user(name, ":inbox") }
  /// How many bytes `appendInbox` appends.
  static func inboxBytes(_ name: AccountName) -> Int { inboxHead.count + name.count + inboxTail.count }
  /// The key of an inbox without a String: every message needs it.
  static func appendInbox(_ name: AccountName, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: inboxHead)
    name.append(to: &bytes)
    bytes.append(contentsOf: inboxTail)
  }
  private static let inboxHead = Array((prefix + "{u:").utf8)
  private static let inboxTail = Array("}:inbox".utf8)
  package static func disabledInbox(_ name: AccountName) -> String { inbox(name) + ":disabled" }
  package static func reading(_ name: AccountName) -> String { user(name, ":reading") }
  package static func once(_ tag: RequestTag, from sender: AccountName, to name: AccountName) -> String {
    user(name, ":once:") + sender.description + ":" + tag.description
  }
  package static func sessions(of name: AccountName) -> String { user(name, ":sessions") }
  package static func blocked(by name: AccountName) -> String { user(name, ":blocked") }
  package static func blockers(of name: AccountName) -> String { user(name, ":blockers") }
  package static func session(_ id: SessionID) -> String { prefix + "session:" + id.description }
  /// Who fails to log in from where.
  package static func attempts(from source: LoginSource) -> String { prefix + "attempts:" + source.description }
  /// Whether somebody has logged in from there.
  package static func known(_ source: LoginSource) -> String { prefix + "known:" + source.description }
  package static func node(_ id: NodeID) -> String { prefix + "node:" + id.description }
  /// The channel on which a node is told things; no key has to do with it.
  package static func nodeChannel(_ id: NodeID) -> String { node(id) }
  package static func nodeUsers(_ id: NodeID) -> String { node(id) + ":users" }

  /// A key of one user: on the path of every message, so it is put together in one piece.
  private static func user(_ name: AccountName, _ part: StaticString) -> String {
    var key = String()
    key.reserveCapacity(64)
    key += prefix
    key += "{u:"
    key += name.description
    key += "}"
    part.withUTF8Buffer { key += String(decoding: $0, as: UTF8.self) }
    return key
  }
}
