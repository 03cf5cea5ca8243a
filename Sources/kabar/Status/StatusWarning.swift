// What is wrong or will be, in words that say what to do.
// Never a warning that asks for nothing: what is only worth knowing stands on the page.
// Pure values; any thread.

import ChatState

/// One line of advice. `code` is stable, for programs.
struct StatusWarning: Encodable, Equatable {
  /// Causes before what follows from them (a Redis that takes no writes renews no lease), then the most urgent first.
  enum Code: String, Encodable, CaseIterable {
    case redisIsReplica = "redis_is_replica"
    case appendWriteFailed = "append_write_failed"
    case replicasTooFew = "replicas_too_few"
    case noNode = "no_node"
    case nodeLeaseEnded = "node_lease_ended"
    case nodeLate = "node_late"
    case nodeClock = "node_clock"
    case redisSlow = "redis_slow"
    case redisClients = "redis_clients"
    case persistenceOff = "persistence_off"
    case appendOnlyOff = "append_only_off"
    case appendNotSynced = "append_not_synced"
    case appendRewriteFailed = "append_rewrite_failed"
    case snapshotFailed = "snapshot_failed"
    case maxmemoryPolicy = "maxmemory_policy"
    case memory
    case replicaNotOnline = "replica_not_online"
    case replicaLags = "replica_lags"
    case replicaGone = "replica_gone"
    case nodeVersions = "node_versions"
  }

  let code: Code
  let text: String

  init(_ code: Code, _ text: String) { (self.code, self.text) = (code, text) }
}

/// The rules.
struct StatusJudge {
  /// A node renews its lease when a third of it is over; one that has less than half left has missed that.
  static let lateLease = Presence.lease / 2
  /// Milliseconds by which a clock may be wrong: a network and a busy machine are not the clock's fault.
  static let clockTolerance = 2000
  static let slowPingMs = 50.0
  /// A full Redis refuses: time to act is before.
  static let fullPercent = 80
  static let crowdedPercent = 90
  static let lagSeconds = 5
  static let lagBytes = 1 << 20

  /// The redis-cli line that reaches this Redis.
  let redisCLI: String

  /// Everything that somebody should do something about, in the order of the codes. `knownReplicas`: the addresses of those
  /// that were seen earlier (Redis itself forgets a replica when its connection ends).
  func warnings(_ facts: StatusFacts, knownReplicas: Set<String> = []) -> [StatusWarning] {
    let all =
      nodes(facts.nodes) + service(facts.redis) + persistence(facts.redis) + memory(facts.redis)
      + replication(facts.redis, knownReplicas)
    return StatusWarning.Code.allCases.flatMap { code in all.filter { $0.code == code } }
  }

  private func nodes(_ nodes: [NodeFacts]) -> [StatusWarning] {
    let nobody = warning(
      .noNode, if: !nodes.contains(where: \.isAlive),
      "no node holds a lease, so nobody is served: start one (kabar serve or kabar up) and read its log")
    let versions = Dictionary(grouping: nodes.filter { $0.isAlive && $0.version != nil }) { $0.version ?? "" }
    let list = versions.sorted { $0.key < $1.key }.map { version, nodes in
      "\(version) (\(nodes.map { $0.name ?? $0.id }.joined(separator: ", ")))"
    }
    let mixed = warning(
      .nodeVersions, if: versions.count > 1,
      "nodes run different versions: \(list.joined(separator: ", ")); restart the older ones")
    return ([nobody] + nodes.filter { !$0.isLeaving }.flatMap { [lease(of: $0), clock(of: $0)] } + [mixed]).compactMap {
      $0
    }
  }

  private func clock(of node: NodeFacts) -> StatusWarning? {
    guard node.isAlive, let ahead = node.clockAheadMs, abs(ahead) > Self.clockTolerance else { return nil }
    return StatusWarning(
      .nodeClock,
      "the clock of \(node.id) is \(StatusText.seconds(abs(ahead) / 1000)) \(ahead > 0 ? "ahead of" : "behind") that of Redis, and so are "
        + "the times of its messages: set both machines' clocks (timedatectl; chrony)")
  }

  private func lease(of node: NodeFacts) -> StatusWarning? {
    let place = node.host.map { " at \($0)" + (node.port.map { ":\($0)" } ?? "") } ?? ""
    let who = node.id + place + (node.pid.map { ", pid \($0)" } ?? "")
    if node.leaseMs <= 0 {
      let ago = StatusText.seconds(-node.leaseMs / 1000)
      return StatusWarning(
        .nodeLeaseEnded,
        "the lease of \(who) ended \(ago) ago: it died, hangs or can't reach Redis; see its log. A living node removes it within seconds"
      )
    }
    let left = StatusText.tenths(Double(node.leaseMs) / 1000)
    return warning(
      .nodeLate, if: node.leaseMs < Self.lateLease,
      "the lease of \(who) is late: \(left) s left. Look at its log, its processor time and its way to Redis")
  }

  private func service(_ redis: RedisFacts) -> [StatusWarning] {
    let link = redis.primaryLinkUp == false ? ", to which its link is down" : ""
    let (clients, most) = (redis.clients ?? 0, redis.maxclients ?? 0)
    return [
      warning(
        .redisIsReplica, if: redis.role == .replica,
        "this Redis is a replica of \(redis.primaryAddress ?? "another one")\(link), and takes no writes: point --redis and the nodes at the primary"
      ),
      warning(
        .redisSlow, if: redis.pingMs > Self.slowPingMs,
        "Redis takes \(StatusText.tenths(redis.pingMs)) ms to answer a PING: look at \(redisCLI) SLOWLOG GET, at the network and at its machine's load"
      ),
      warning(
        .redisClients, if: most > 0 && clients * 100 >= most * Self.crowdedPercent,
        "Redis has \(clients) of at most \(most) clients: find who they are (\(redisCLI) CLIENT LIST) or raise maxclients"
      ),
    ].compactMap { $0 }
  }

  private func persistence(_ redis: RedisFacts) -> [StatusWarning] {
    let turnOn = "\(redisCLI) CONFIG SET appendonly yes, and the same in its configuration"
    let (isOn, isOff) = (redis.appendOnly == true, redis.appendOnly == false)
    return [
      warning(
        .persistenceOff, if: isOff && redis.snapshots == false,
        "persistence is off: when Redis ends, every account and message is gone. \(turnOn)"),
      warning(
        .appendOnlyOff, if: isOff && redis.snapshots != false,
        "the append-only file is off: when Redis dies, what came after the last snapshot is gone. \(turnOn)"),
      warning(
        .appendNotSynced, if: !isOff && redis.appendFsync == "no",
        "the append-only file is never synced: a power failure can take half a minute of messages. \(redisCLI) CONFIG SET appendfsync everysec"
      ),
      warning(
        .appendWriteFailed, if: isOn && redis.appendWriteOk == false,
        "Redis could not write to its append-only file, and refuses messages: make room on its disk (df -h), see its log"
      ),
      warning(
        .appendRewriteFailed, if: isOn && redis.appendRewriteOk == false,
        "the last rewrite of the append-only file failed, so the file only grows: look for room on the disk and for memory to fork, then \(redisCLI) BGREWRITEAOF"
      ),
      warning(
        .snapshotFailed, if: redis.snapshotOk == false && redis.snapshots != false,
        "the last snapshot failed: Redis may refuse writes. Look for room on its disk and for memory to fork, then \(redisCLI) BGSAVE"
      ),
    ].compactMap { $0 }
  }

  private func memory(_ redis: RedisFacts) -> [StatusWarning] {
    let (policy, most) = (redis.maxmemoryPolicy ?? "noeviction", redis.maxmemoryBytes ?? 0)
    let percent = most > 0 ? Int(Double(redis.memoryBytes ?? 0) / Double(most) * 100) : 0
    return [
      warning(
        .maxmemoryPolicy, if: policy != "noeviction",
        "maxmemory-policy is \(policy): a full Redis would drop accounts and messages. \(redisCLI) CONFIG SET maxmemory-policy noeviction"
      ),
      warning(
        .memory, if: percent >= Self.fullPercent,
        "Redis has used \(percent) % of its \(StatusText.bytes(most)): when it is full, messages are refused. \(redisCLI) CONFIG SET maxmemory BYTES, if the machine has them"
      ),
    ].compactMap { $0 }
  }

  private func warning(_ code: StatusWarning.Code, if isSo: Bool, _ text: @autoclosure () -> String) -> StatusWarning? {
    isSo ? StatusWarning(code, text()) : nil
  }

  private func replication(_ redis: RedisFacts, _ known: Set<String>) -> [StatusWarning] {
    var warnings: [StatusWarning] = []
    for replica in redis.replicas {
      let advice = "look at its log and the network"
      if replica.state != "online" {
        warnings.append(
          StatusWarning(
            .replicaNotOnline,
            "the replica \(replica.address) is not online (\(replica.state)): if that lasts, \(advice)"))
      } else if let lag = replica.lagSeconds, lag > Self.lagSeconds {
        warnings.append(
          StatusWarning(.replicaLags, "the replica \(replica.address) has been silent for \(lag) s: \(advice)"))
      } else if let bytes = replica.behindBytes, bytes > Self.lagBytes {
        warnings.append(
          StatusWarning(
            .replicaLags,
            "the replica \(replica.address) is \(StatusText.bytes(bytes)) behind: if that grows, \(advice)"))
      }
    }
    if let wanted = redis.replicasWanted, let good = redis.replicasGood, good < wanted {
      warnings.append(
        StatusWarning(
          .replicasTooFew, "\(good) of \(wanted) replicas are there, so Redis refuses writes: bring back the others"))
    }
    for address in known.subtracting(redis.replicas.map(\.address)).sorted() {
      warnings.append(
        StatusWarning(.replicaGone, "the replica \(address) is gone: look whether it runs and reaches this Redis"))
    }
    return warnings
  }
}
