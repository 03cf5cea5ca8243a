// What Prometheus reads, in its text format 0.0.4.
// Never a name of a metric that has once been published in another meaning.
// Pure value; any thread.

import ChatProtocol
import NIOCore

/// The facts of a node at one moment, and the page that shows them.
struct MetricsPage: Sendable {
  var counters = Counters()
  /// Event loops, each with a connection to Redis of its own.
  var eventLoops = 0
  /// Hashes that run, and logins that wait for one.
  var passwords: (running: Int, waiting: Int) = (0, 0)
  /// Users who are active on any node, as far as this one knows, and whether that may be out of date.
  var activeUsers = 0
  var isPresenceStale = false
  /// How often that view has changed, and how long ago it was last compared with Redis' list of nodes; `nil`: never.
  var presenceRevision = 0
  var presenceAge: TimeAmount?
  /// Why the node can't serve; `nil` if it can.
  var unready: String?

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The whole page.
  var text: String {
    var page = ""
    metric("build_info", "gauge", "The version of the node; always 1.", [("{version=\"\(Node.version)\"}", 1)], &page)
    // Prometheus' own name for it, without ours before it.
    page += "# HELP process_start_time_seconds When the process began, since 1970.\n"
    page += "# TYPE process_start_time_seconds gauge\n"
    page += "process_start_time_seconds \(Double(Node.started.milliseconds) / 1000)\n"
    metric("ready", "gauge", "Whether the node can serve: /readyz says why not.", unready == nil ? 1 : 0, &page)
    metric("event_loops", "gauge", "Event loops, each with its own connection to Redis.", eventLoops, &page)
    clients(&page)
    metric(
      "redis_reconnects_total", "counter", "Connections to Redis after the first.", counters.redisReconnects, &page)
    metric(
      "redis_requests_in_flight", "gauge", "Requests to Redis that wait or are not answered yet.",
      counters.requestsInFlight, &page)
    metric("password_checks_running", "gauge", "Password hashes that are computed now.", passwords.running, &page)
    metric("password_checks_waiting", "gauge", "Logins that wait for a hash.", passwords.waiting, &page)
    metric("active_users", "gauge", "Active users on all nodes, in this node's view.", activeUsers, &page)
    metric("presence_stale", "gauge", "Whether that view may be out of date.", isPresenceStale ? 1 : 0, &page)
    metric("presence_revision", "gauge", "How often that view has changed.", presenceRevision, &page)
    if let presenceAge {
      metric(
        "presence_lag_seconds", "gauge", "How long ago that view was compared with the nodes in Redis.",
        [("", Double(presenceAge.nanoseconds) / 1e9)], &page)
    }
    metric("feeds", "gauge", "Users for whom this node reads an inbox on.", counters.feeds, &page)
    metric("listeners", "gauge", "Connections that get events.", counters.listeners, &page)
    histograms(&page)
    return page
  }

  private func clients(_ page: inout String) {
    metric("connections", "gauge", "Open connections of clients.", counters.open, &page)
    metric("connections_accepted_total", "counter", "Connections of clients so far.", counters.accepted, &page)
    metric("connections_bound", "gauge", "Connections that are bound to a session.", counters.bound, &page)
    metric(
      "sessions", "gauge", "Sessions with a connection here; one on several event loops counts on each.",
      counters.sessions, &page)
    metric("received_bytes_total", "counter", "Bytes of requests.", counters.bytesReceived, &page)
    metric("sent_bytes_total", "counter", "Bytes of replies and events.", counters.bytesSent, &page)
    metric("outbox_bytes", "gauge", "Bytes that wait for clients to read them.", counters.outboxBytes, &page)
    let commands = Counters.commands.indices.flatMap { command in
      Counters.codes.indices.compactMap { code -> (String, Int)? in
        let count = counters.replies(command, code)
        guard count > 0 else { return nil }
        return ("{command=\"\(Counters.commands[command])\",code=\"\(Counters.codes[code])\"}", count)
      }
    }
    metric("commands_total", "counter", "Commands, by what was answered.", commands, &page)
    metric(
      "limit_refusals_total", "counter", "How often a client ran into a bound.",
      Limit.allCases.map { ("{limit=\"\($0.rawValue)\"}", counters.refusals[$0] ?? 0) }, &page)
  }

  private func histograms(_ page: inout String) {
    let used = Counters.commands.indices.filter { counters.latency[$0].count > 0 }
    histogram(
      "command_seconds", "From the arrival of a command until its reply is written.",
      used.map { ("command=\"\(Counters.commands[$0])\"", counters.latency[$0]) }, &page)
    histogram(
      "redis_seconds", "From a write to Redis to its last reply, measured now and then.",
      [("", counters.redisLatency)], &page)
    histogram("event_loop_lag_seconds", "How late a timer of an event loop ran.", [("", counters.loopLag)], &page)
  }

  private func metric(_ name: String, _ type: String, _ help: String, _ value: Int, _ page: inout String) {
    metric(name, type, help, [("", value)], &page)
  }

  private func metric(
    _ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: some Numeric)],
    _ page: inout String
  ) {
    page += "# HELP kabar_\(name) \(help)\n# TYPE kabar_\(name) \(type)\n"
    for (labels, value) in samples { page += "kabar_\(name)\(labels) \(value)\n" }
  }

  private func histogram(
    _ name: String, _ help: String, _ series: [(label: String, histogram: Histogram)], _ page: inout String
  ) {
    metric(name, "histogram", help, [(String, Int)](), &page)
    for (label, histogram) in series {
      let before = label.isEmpty ? "" : label + ","
      var count = 0
      for (bound, more) in zip(Histogram.bounds.map(\.seconds) + ["+Inf"], histogram.counts) {
        count += more
        page += "kabar_\(name)_bucket{\(before)le=\"\(bound)\"} \(count)\n"
      }
      let labels = label.isEmpty ? "" : "{\(label)}"
      page += "kabar_\(name)_sum\(labels) \(Double(histogram.nanoseconds) / 1e9)\n"
      page += "kabar_\(name)_count\(labels) \(count)\n"
    }
  }
}
