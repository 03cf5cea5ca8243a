// Owns: that what operators watch is there: every metric of the alert rules and of the dashboard, in a form that Prometheus takes.
// Must never: judge a metric by our own reading alone: promtool does.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct MonitoringTests {
  private static let deploy = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
    path: "../../deploy")

  private func file(_ name: String) throws -> String {
    try String(contentsOf: Self.deploy.appending(path: name), encoding: .utf8)
  }

  private func run(_ command: String) throws -> (status: Int32, text: String) {
    let folder = try TestFolder()
    let process = try TestProcess("bash", ["-c", command], output: "\(folder.path)/out")
    return (process.waitUntilExit(), process.text)
  }

  @Test func `promtool takes the rules, and what a node says`() async throws {
    let rules = try run("promtool check rules '\(Self.deploy.path)/prometheus/alerts.yml'")
    #expect(rules.status == 0 && rules.text.contains("rules found"), "\(rules.text)")
    let example = try run("promtool check config '\(Self.deploy.path)/prometheus/prometheus.yml'")
    #expect(example.status == 0 && example.text.contains("1 rule files found"), "\(example.text)")
    let explained = try DocumentedPage("Operating.md").firstCells
    let alerts = try file("prometheus/alerts.yml").matches(of: /alert: (\w+)/).map { String($0.output.1) }
    #expect(Set(alerts) == explained.filter { $0.hasPrefix("Kabar") })

    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let http = try TCPSocket.freePort()
    let node = try await ChatNode("a", redis: redis, options: ["--http-port", "\(http)"])
    let arini = try node.login("arini")
    #expect(try arini.request("send lineker halo").isOK)
    #expect(try arini.request("send nobody halo").code == "unknown_user")
    let page = try HTTPAnswer(port: http, "/metrics").body
    let folder = try TestFolder()
    try page.write(toFile: "\(folder.path)/metrics", atomically: true, encoding: .utf8)
    let metrics = try run("promtool check metrics <'\(folder.path)/metrics'")
    #expect(metrics == (0, ""), "\(metrics.text)")

    // `_bucket`, `_sum` and `_count` belong to a histogram.
    let known = Set(page.matches(of: #/(?m)^# TYPE (kabar_\w+) /#).map { String($0.output.1) })
    #expect(known.count > 20)
    // Every limit stands on the page from the start, every code in the documentation; an alert for another one would never fire.
    let limits = page.matches(of: /limit="(\w+)"/).map(\.output.1)
    let labels = Set(limits).union(try DocumentedPage("Protocol.md").firstCells.map { $0[...] }).union(["ok"])
    for name in ["prometheus/alerts.yml", "grafana/kabar.json"] {
      let used = try file(name).matches(of: /\bkabar_[a-z_]+/).map { String($0.output).replacing(/_bucket$/, with: "") }
      #expect(Set(used).count > 8)
      for metric in Set(used) { #expect(known.contains(metric), "\(name): \(metric)") }
      let values = try file(name).matches(of: /(limit|code)=~?\\?"([^"\\]+)/).flatMap {
        $0.output.2.split(separator: "|")
      }
      for value in Set(values) { #expect(labels.contains(value), "\(name): \(value)") }
    }
  }

  /// Each alert with what a node says, twice a minute, and whether somebody is called by the eleventh minute.
  @Test(arguments: [
    ("KabarNodeDown", #"up{job="kabar",instance="a"}"#, "1x16 0x8", true),
    ("KabarNodeDown", #"up{job="kabar",instance="a"}"#, "1x24", false),
    ("KabarNodeRestarts", #"process_start_time_seconds{job="kabar",instance="a"}"#, "1x5 2x5 3x5 4x6", true),
    ("KabarNodeRestarts", #"process_start_time_seconds{job="kabar",instance="a"}"#, "1x12 2x12", false),
    // Six event loops: one restart of Redis, and one each minute in turn.
    ("KabarRedisReconnects", #"kabar_redis_reconnects_total{instance="a"}"#, "0x6 6x20", false),
    ("KabarRedisReconnects", #"kabar_redis_reconnects_total{instance="a"}"#, "0+3x24", true),
    ("KabarStalePresence", #"kabar_presence_stale{instance="a"}"#, "0x16 1x8", true),
    ("KabarOverloaded", #"kabar_limit_refusals_total{instance="a",limit="overload"}"#, "0+30x24", true),
  ])
  func `an alert fires when it should`(alert: String, series: String, values: String, fires: Bool) throws {
    let folder = try TestFolder()
    try """
    rule_files: ['\(Self.deploy.path)/prometheus/alerts.yml']
    evaluation_interval: 15s
    tests:
      - interval: 30s
        input_series:
          - {series: '\(series)', values: '\(values)'}
          - {series: 'kabar_event_loops{instance="a"}', values: '6x24'}
        promql_expr_test:
          - expr: 'count(ALERTS{alertname="\(alert)",alertstate="firing"}) or vector(0)'
            eval_time: 11m
            exp_samples: [{labels: '{}', value: \(fires ? 1 : 0)}]
    """.write(toFile: "\(folder.path)/test.yml", atomically: true, encoding: .utf8)
    let test = try run("promtool test rules '\(folder.path)/test.yml'")
    #expect(test.status == 0, "\(test.text)")
  }

  @Test func `bytes, and what waits for a client, are counted`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let http = try TCPSocket.freePort()
    let node = try await ChatNode("a", redis: redis, options: ["--http-port", "\(http)"])
    let client = try node.connect()
    #expect(try client.request("ping").isOK)
    let samples = try Metrics(port: http).samples
    #expect(samples["kabar_received_bytes_total"] == 6, "ping and its line end")
    #expect(samples["kabar_sent_bytes_total"] == Double(#"{"status":"OK","message":"pong"}"#.utf8.count + 4))
    #expect(samples["kabar_outbox_bytes"] == 0)
    #expect(samples["kabar_presence_lag_seconds"].map { (0...10).contains($0) } == true)
  }

  @Test func `the dashboard is JSON, each panel with a query`() throws {
    struct Dashboard: Decodable {
      struct Panel: Decodable {
        struct Target: Decodable { let expr: String }
        let title: String
        let targets: [Target]
      }
      let panels: [Panel]
    }
    let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(try file("grafana/kabar.json").utf8))
    #expect(dashboard.panels.count > 10)
    for panel in dashboard.panels {
      #expect(!panel.targets.isEmpty)
      for target in panel.targets {
        // What Grafana puts in.
        let query = target.expr.replacing("$__rate_interval", with: "1m").replacing("$instance", with: ".*")
        let rule = "groups: [{name: g, rules: [{record: r, expr: '\(query.replacing("'", with: "''"))'}]}]"
        let folder = try TestFolder()
        try rule.write(toFile: "\(folder.path)/rule.yml", atomically: true, encoding: .utf8)
        let checked = try run("promtool check rules '\(folder.path)/rule.yml'")
        #expect(checked.status == 0, "\(panel.title): \(checked.text)")
      }
    }
  }
}
