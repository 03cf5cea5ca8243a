// How `kabar status` looks: the table of nodes, Redis in a few lines, the warnings.
// Never lets a control character through that somebody has put into Redis.
// Pure value; any thread.

import ChatProtocol

/// One page. Without a size each warning is one line and every node is shown; with one, warnings are wrapped and come before
/// the nodes, and what doesn't fit is counted instead of shown.
struct StatusPage {
  let facts: StatusFacts
  let warnings: [StatusWarning]

  /// The page as it is printed once.
  var lines: [String] {
    let table = table(columns: nil)
    return [headline, ""] + table + (table.isEmpty ? [] : [""]) + redis + [""] + verdict(columns: nil)
  }

  /// The page for a terminal of this size, at least 40×10; never more lines than rows, nor wider ones.
  func lines(columns: Int, rows: Int) -> [String] {
    // The last column stays empty: a character there makes some terminals wrap.
    let columns = max(39, columns - 1)
    let fixed = [headline] + redis + [""]
    let footer = ["", "q: leave"]
    let room = max(0, rows - footer.count)
    var table = table(columns: columns)
    // The heading, one node, and how many there are more.
    let leastTable = min(table.count, 3)
    var verdict = verdict(columns: columns) + [""]
    let verdictRoom = max(2, room - fixed.count - leastTable)
    if verdict.count > verdictRoom { verdict = verdict.prefix(verdictRoom - 1) + ["  … more: kabar status"] }
    let tableRoom = room - fixed.count - verdict.count
    if table.count > tableRoom {
      let kept = max(1, tableRoom - 1)
      let left = table.count - kept
      table = table.prefix(kept) + ["… \(StatusText.count(left, "more node"))"]
    }
    let body = (fixed + verdict + table).prefix(room)
    return (body + footer).prefix(rows).map { StatusText.cut($0, columns) }
  }

  // MARK: Parts

  private var headline: String {
    let alive = facts.nodes.count(where: \.isAlive)
    let totals = facts.totals
    return safe(
      "Kabar at \(facts.at): \(StatusText.count(alive, "node")), \(StatusText.count(totals.activeUsers, "active user")), "
        + "\(StatusText.tenths(totals.messagesPerSecond)) messages/s")
  }

  private func verdict(columns: Int?) -> [String] {
    if warnings.isEmpty { return ["no warnings"] }
    return warnings.flatMap { warning in
      let line = safe("warning: \(warning.text)")
      return columns.map { StatusText.wrap(line, $0) } ?? [line]
    }
  }

  /// A heading and a line for each node; nothing without nodes.
  private func table(columns: Int?) -> [String] {
    if facts.nodes.isEmpty { return [] }
    let widths = [9, 8, 8, 7, 7, 8]
    let ids = facts.nodes.map { safe($0.id) }
    let longest = max(4, ids.map { DisplayWidth.columns($0) }.max() ?? 0)
    let first = columns.map { min(longest, max(4, $0 - widths.reduce(0, +))) } ?? longest
    func row(_ id: String, _ cells: [String]) -> String {
      StatusText.left(StatusText.cut(id, first), first)
        + zip(cells, widths).map { StatusText.right(StatusText.cut($0, $1 - 1), $1) }.joined()
    }
    let heading = row("NODE", ["VERSION", "LEASE", "UP", "CONN", "USERS", "MSG/S"])
    let rows = [heading] + zip(ids, facts.nodes).map { row($0, cells(of: $1)) }
    guard columns == nil, facts.nodes.contains(where: { $0.http != nil }) else { return rows }
    return zip(rows, ["HTTP"] + facts.nodes.map { safe($0.http ?? "-") }).map { $0 + "  " + $1 }
  }

  private func cells(of node: NodeFacts) -> [String] {
    let lease =
      node.isLeaving ? "leaving" : node.leaseMs > 0 ? StatusText.tenths(Double(node.leaseMs) / 1000) + " s" : "ended"
    return [
      safe(node.version ?? "-"), lease, node.uptimeSeconds.map { StatusText.seconds($0) } ?? "-",
      node.connections.map { "\($0)" } ?? "-", "\(node.users)",
      node.messagesPerSecond.map { StatusText.tenths($0) } ?? "-",
    ]
  }

  private var redis: [String] {
    let redis = facts.redis
    var lines = [
      StatusText.left(redis.product, 13) + "\(redis.version ?? "?"), \(redis.role.rawValue), up "
        + (redis.uptimeSeconds.map { StatusText.seconds($0) } ?? "?")
        + ", PING \(StatusText.tenths(redis.pingMs)) ms, \(clients)",
      "memory       \(memory)", "persistence  \(persistence)",
    ]
    if !redis.replicas.isEmpty || redis.primaryAddress != nil { lines.append("replication  \(replication)") }
    lines.append("totals       \(totals)")
    return lines.map(safe)
  }

  private var clients: String {
    (facts.redis.clients.map { StatusText.count($0, "client") } ?? "? clients")
      + (facts.redis.maxclients.map { " of \($0)" } ?? "")
  }

  private var memory: String {
    let used = facts.redis.memoryBytes.map { StatusText.bytes($0) } ?? "?"
    let policy = "policy \(facts.redis.maxmemoryPolicy ?? "?")"
    guard let used = facts.redis.memoryBytes, let most = facts.redis.maxmemoryBytes, most > 0 else {
      return "\(used), no limit, \(policy)"
    }
    return "\(StatusText.bytes(used)) of \(StatusText.bytes(most)) (\(used * 100 / most) %), \(policy)"
  }

  private var persistence: String {
    let redis = facts.redis
    var parts: [String] = []
    switch redis.appendOnly {
    case true?:
      let state = [
        redis.appendFsync.map { "synced \($0)" }, redis.appendWriteOk.map { "write \($0 ? "ok" : "FAILED")" },
        redis.appendRewriteOk.map { "rewrite \($0 ? "ok" : "FAILED")" },
      ]
      parts.append("append-only, " + state.compactMap { $0 }.joined(separator: ", "))
    case false?: parts.append("no append-only file")
    case nil: parts.append("append-only file unknown")
    }
    if redis.snapshots == false {
      parts.append("no snapshots")
    } else {
      let age = redis.secondsSinceSnapshot.map { "last \(StatusText.seconds($0)) ago" }
      let changes = redis.unsavedChanges.map { StatusText.count($0, "change") + " since" }
      let state = [redis.snapshotOk == false ? "FAILED" : nil, age, changes].compactMap { $0 }
      parts.append("snapshots: " + state.joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }

  private var replication: String {
    if let primary = facts.redis.primaryAddress {
      return "replica of \(primary), link \(facts.redis.primaryLinkUp == true ? "up" : "down")"
    }
    return facts.redis.replicas.map { replica in
      let lag = replica.lagSeconds.map { ", heard \($0) s ago" } ?? ""
      return "\(replica.address) \(replica.state)\(lag)"
        + (replica.behindBytes.map { ", \(StatusText.bytes($0)) behind" } ?? "")
    }.joined(separator: "; ")
  }

  private var totals: String {
    let totals = facts.totals
    var parts = [
      StatusText.count(totals.accounts, "account"), StatusText.count(totals.activeUsers, "active user"),
      StatusText.count(totals.connections, "connection"),
    ]
    if let waiting = totals.waitingMessages { parts.append("\(StatusText.count(waiting, "message")) waiting") }
    if let sessions = totals.sessions { parts.append(StatusText.count(sessions, "session")) }
    return parts.joined(separator: ", ")
  }

  private func safe(_ text: String) -> String { ChatTranscript.safe(text) }
}
