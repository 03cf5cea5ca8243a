// What `kabar status` knows: of Redis, of the nodes, in total. The names are those of `--json`.
// Never holds a name of a user, a password or a text.
// Pure values; any thread.

/// Everything that was read in one look. In `--json` the names are in snake case (`leaseMs` is `lease_ms`); what isn't
/// known (an older node, a Redis that refuses CONFIG) is left out.
struct StatusFacts: Encodable, Equatable {
  /// When, by the clock of Redis: RFC 3339 in UTC.
  var at: String
  var redis = RedisFacts()
  /// In the order of their ids.
  var nodes: [NodeFacts] = []
  var totals = TotalFacts()
}

/// One life of a node process.
struct NodeFacts: Encodable, Equatable {
  /// `NAME-xxxxxxxx`
  var id: String
  var name: String?
  var version: String?
  var host: String?
  var port: Int?
  var pid: Int?
  /// How long its lease still runs, in milliseconds; negative: it has ended so long ago.
  var leaseMs: Int
  /// It is being taken out of the cluster, with its users.
  var isLeaving = false
  var uptimeSeconds: Int?
  /// Open connections of clients.
  var connections: Int?
  /// Users who are active there, those in the grace after their last connection included.
  var users = 0
  /// Sends answered OK since it started.
  var messages: Int?
  /// The same per second, between the last two renewals of its lease.
  var messagesPerSecond: Double?
  /// By how much its clock was ahead of that of Redis when it renewed its lease, in milliseconds; negative: behind.
  var clockAheadMs: Int?
  /// Where it answers operators by HTTP, as seen from its machine: `127.0.0.1:8900`.
  var http: String?

  /// The node holds a lease.
  var isAlive: Bool { leaseMs > 0 && !isLeaving }
}

/// How Redis stands.
struct RedisFacts: Encodable, Equatable {
  enum Role: String, Encodable { case primary, replica, sentinel }

  /// `redis` or `valkey`.
  var product = "redis"
  var version: String?
  var role = Role.primary
  var uptimeSeconds: Int?
  /// How long a PING took, the median of a few.
  var pingMs = 0.0
  /// Connections, those of nodes included, and how many it admits.
  var clients: Int?
  var maxclients: Int?
  var memoryBytes: Int?
  /// 0: no limit.
  var maxmemoryBytes: Int?
  var maxmemoryPolicy: String?
  /// Whether each write goes to the append-only file, when that is synced (`always`, `everysec`, `no`), and whether the last
  /// write and the last rewrite worked.
  var appendOnly: Bool?
  var appendFsync: String?
  var appendWriteOk: Bool?
  var appendRewriteOk: Bool?
  /// Whether snapshots are taken by themselves, whether the last one worked, how old it is, and how many changes it lacks.
  var snapshots: Bool?
  var snapshotOk: Bool?
  var secondsSinceSnapshot: Int?
  var unsavedChanges: Int?
  var replicas: [ReplicaFacts] = []
  /// `min-replicas-to-write`, and how many replicas are good enough for it now.
  var replicasWanted: Int?
  var replicasGood: Int?
  /// Whose replica this Redis is, and whether it hears from it.
  var primaryAddress: String?
  var primaryLinkUp: Bool?
}

/// A replica as its primary sees it.
struct ReplicaFacts: Encodable, Equatable {
  var address: String
  /// `online`, or what it does before it is.
  var state: String
  /// Since when it has said nothing.
  var lagSeconds: Int?
  /// What it has not confirmed yet.
  var behindBytes: Int?
}

/// Sums over everything.
struct TotalFacts: Encodable, Equatable {
  var accounts = 0
  var activeUsers = 0
  var connections = 0
  var messagesPerSecond = 0.0
  /// Only with `--full`: messages that wait in all inboxes, and sessions that live.
  var waitingMessages: Int?
  var sessions: Int?
}

/// What `--json` prints.
struct StatusReport: Encodable {
  /// There are no warnings: the exit status is 0.
  let ok: Bool
  let status: StatusFacts
  let warnings: [StatusWarning]
}

extension RedisFacts {
  /// Reads INFO and the settings that were answered (`save`, `appendfsync`, `min-replicas-to-write`).
  init(_ info: RedisInfo, settings: [String: String], pingMs: Double, now: Int) {
    product = info.text("valkey_version") == nil ? "redis" : "valkey"
    version = info.text("valkey_version") ?? info.text("redis_version")
    role = info.text("redis_mode") == "sentinel" ? .sentinel : info.text("role") == "slave" ? .replica : .primary
    uptimeSeconds = info.number("uptime_in_seconds")
    self.pingMs = pingMs
    (clients, maxclients) = (info.number("connected_clients"), info.number("maxclients"))
    (memoryBytes, maxmemoryBytes) = (info.number("used_memory"), info.number("maxmemory"))
    maxmemoryPolicy = info.text("maxmemory_policy")
    (appendOnly, appendFsync) = (info.flag("aof_enabled"), settings["appendfsync"])
    appendWriteOk = info.isOK("aof_last_write_status")
    appendRewriteOk = info.isOK("aof_last_bgrewrite_status")
    snapshots = settings["save"].map { !$0.isEmpty }
    snapshotOk = info.isOK("rdb_last_bgsave_status")
    secondsSinceSnapshot = info.number("rdb_last_save_time").map { max(0, now / 1000 - $0) }
    unsavedChanges = info.number("rdb_changes_since_last_save")
    replicas = info.replicas
    replicasWanted = settings["min-replicas-to-write"].flatMap { Int($0) }
    replicasGood = info.number("min_slaves_good_slaves")
    if let host = info.text("master_host"), let port = info.text("master_port") { primaryAddress = "\(host):\(port)" }
    primaryLinkUp = info.text("master_link_status").map { $0 == "up" }
  }
}
