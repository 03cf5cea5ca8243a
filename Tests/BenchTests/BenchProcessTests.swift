// Owns: `kabar bench` as an operator starts it, small.
// Must never: judge a time: machines differ.
// Runs on: any thread; each test has processes of its own.
import Foundation
import TestSupport
import Testing

/// One run of `kabar bench … --json`.
private struct BenchProcess {
  let folder: TestFolder
  let process: TestProcess

  init(_ arguments: [String]) throws {
    folder = try TestFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/tmp", withIntermediateDirectories: false)
    process = try TestProcess(
      kabarProgram, ["bench"] + arguments + ["--json"], environment: ["TMPDIR": "\(folder.path)/tmp"],
      output: "\(folder.path)/out")
  }

  /// The records by workload.
  var records: [String: [String: Any]] {
    var records: [String: [String: Any]] = [:]
    for line in process.text.split(separator: "\n") where line.hasPrefix("{") {
      guard let record = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { continue }
      records[record["workload"] as? String ?? "?"] = record
    }
    return records
  }

  /// One number of each round of a workload.
  func numbers(_ workload: String, _ name: String, of server: String = "kabar") -> [Int] {
    (records[workload]?[server] as? [[String: Any]] ?? []).compactMap { $0[name] as? Int }
  }

  /// What it left in its temporary folder.
  var left: [String] { (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/tmp")) ?? ["?"] }
}

@Suite(.serialized) struct BenchProcessTests {
  @Test func `send and collect beside a bare Redis`() throws {
    let bench = try BenchProcess([
      "send", "--messages", "200", "--connections", "4", "--nodes", "2", "--threads", "1", "--rounds", "2",
      "--against-redis",
    ])
    let status = bench.process.waitUntilExit()
    #expect(status == 0, "\(bench.process.text)")
    for workload in ["send", "collect"] {
      for server in ["kabar", "redis"] {
        #expect(bench.numbers(workload, "operations", of: server) == [200, 200])
        for fault in ["lost", "doubled", "reordered", "damaged", "broken"] {
          #expect(bench.numbers(workload, fault, of: server) == [0, 0])
        }
      }
      #expect(bench.records[workload]?["cpuRatio"] as? Double ?? 0 > 0)
    }
    #expect(bench.left == [])
  }

  @Test func `twice what can be sustained, and nothing accepted is lost`() throws {
    let bench = try BenchProcess(["overload", "--connections", "4", "--nodes", "1", "--threads", "1"])
    _ = bench.process.waitUntilExit()
    let round = try #require((bench.records["overload"]?["kabar"] as? [[String: Any]])?.first, "\(bench.process.text)")
    let sustainable = try #require(round["sustainable"] as? Double)
    let written = try #require(round["written"] as? Double)
    #expect(sustainable > 0 && (0.5 * sustainable...2.05 * sustainable).contains(written), "\(round)")
    #expect(round["operations"] as? Int ?? 0 > 0)
    for fault in ["lost", "doubled", "reordered", "damaged"] { #expect(round[fault] as? Int == 0) }
    #expect(bench.left == [])
  }

  @Test(arguments: [["--rate", "400"], ["--saturate", "--in-flight", "4"], ["--rate", "400", "--websocket"]])
  func `push to listeners on other nodes`(options: [String]) throws {
    let bench = try BenchProcess(
      ["push", "--messages", "200", "--connections", "4", "--listeners", "8", "--nodes", "2", "--threads", "1"]
        + options)
    let status = bench.process.waitUntilExit()
    #expect(status == 0, "\(bench.process.text)")
    let name = options.contains("--saturate") ? "push-saturated" : "push"
    #expect(bench.numbers(name, "operations") == [200])
    #expect(bench.records[name]?["loop"] as? String == (options.contains("--saturate") ? "closed" : "open"))
    #expect(bench.left == [])
  }

  @Test(arguments: ["login", "resume"]) func `connections that come and go, beside a bare Redis`(
    workload: String
  ) throws {
    let bench = try BenchProcess([
      workload, "--operations", "300", "--connections", "8", "--nodes", "2", "--threads", "1", "--rounds", "1",
      "--against-redis",
    ])
    let status = bench.process.waitUntilExit()
    #expect(status == 0, "\(bench.process.text)")
    for server in ["kabar", "redis"] {
      #expect(bench.numbers(workload, "operations", of: server) == [300])
      #expect(bench.numbers(workload, "broken", of: server) == [0])
      #expect(bench.numbers(workload, "p99", of: server).allSatisfy { $0 > 0 })
    }
    #expect(bench.records[workload]?["cpuRatio"] as? Double ?? 0 > 1, "Kabar asks Redis more than the bare run does")
    #expect(bench.left == [])
  }

  @Test(arguments: [[], ["--websocket"]]) func `what idle connections hold`(options: [String]) throws {
    let bench = try BenchProcess(["idle", "--connections", "1000", "--nodes", "1", "--threads", "1"] + options)
    let status = bench.process.waitUntilExit()
    #expect(status == 0, "\(bench.process.text)")
    let record = try #require(bench.records["idle"])
    #expect(record["isWebSocket"] as? Bool == !options.isEmpty)
    let round = try #require((record["kabar"] as? [[String: Any]])?.first)
    #expect(round["operations"] as? Int == 1000)
    let bytes = try #require(round["bytesPerConnection"] as? Double)
    // A sanitizer takes memory for itself before, and gives the connections some of that.
    #expect(((patience > 1 ? -65_536 : 1024)...65_536).contains(bytes), "\(bytes)")
    #expect(bench.left == [])
  }

  @Test func `connections that a limit turns away are a fault`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis, options: ["--connections-per-address", "20"])
    for workload in [["idle", "--connections", "100"], ["resume", "--operations", "200", "--connections", "64"]] {
      let bench = try BenchProcess(workload + ["--connect", "127.0.0.1:\(node.port)", "--redis", redis.url])
      let status = bench.process.waitUntilExit()
      #expect(status == 1, "\(bench.process.text)")
      let round = try #require((bench.records[workload[0]]?["kabar"] as? [[String: Any]])?.first)
      #expect((round["refusals"] as? [String: Int])?["too_many_connections"] ?? 0 > 0, "\(round)")
    }
  }

  @Test func `every change is told to every watcher, and what is not told is lost`() throws {
    let command = ["presence", "--watchers", "3", "--nodes", "2", "--threads", "1"]
    let calm = try BenchProcess(command + ["--connections", "20", "--rate", "10", "--changes", "40"])
    #expect(calm.process.waitUntilExit() == 0, "\(calm.process.text)")
    #expect(calm.numbers("presence", "operations") == [40] && calm.numbers("presence", "lost") == [0])
    // Who comes and goes many times a second is told once: the generator must miss the rest.
    let hasty = try BenchProcess(command + ["--connections", "2", "--rate", "100", "--changes", "100"])
    #expect(hasty.process.waitUntilExit() == 1, "\(hasty.process.text)")
    #expect(hasty.numbers("presence", "lost").first ?? 0 > 0, "\(hasty.process.text)")
    #expect(calm.left == [] && hasty.left == [])
  }

  @Test func `a message that is taken out of an inbox is lost, and the run fails`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis, options: ["--limits", "off"])
    let bench = try BenchProcess([
      "send", "--messages", "4000", "--connections", "4", "--connect", "127.0.0.1:\(node.port)", "--redis", redis.url,
    ])
    let theft = """
      for _, key in ipairs(redis.call('KEYS', 'kabar:{u:bench-*}:inbox')) do
        if redis.call('LLEN', key) > 2 then
          redis.call('RPOP', key)
          return 1
        end
      end
      return 0
      """
    // Not by awaiting: a busy machine would bring this task back when all is collected.
    var isStolen = false
    while !isStolen, bench.process.isRunning { isStolen = (try? redis.cli("EVAL", theft, "0")) == "1" }
    #expect(isStolen)
    let status = bench.process.waitUntilExit()
    #expect(status == 1, "\(bench.process.text)")
    #expect(bench.numbers("collect", "lost") == [1])
    #expect(bench.numbers("send", "operations") == [4000])
    #expect(try redis.cli("KEYS", "kabar:{u:bench-*") == "", "its accounts are removed")
  }

  @Test func `nodes that limit their clients are named as the reason`() async throws {
    let redis = try await RedisServer()
    let node = try await ChatNode("a", redis: redis, options: ["--command-rate", "1", "--command-burst", "10"])
    let folder = try TestFolder()
    let process = try TestProcess(
      kabarProgram,
      [
        "bench", "send", "--messages", "200", "--connections", "4", "--seconds", "2", "--connect",
        "127.0.0.1:\(node.port)", "--redis", redis.url,
      ], output: "\(folder.path)/out")
    let status = process.waitUntilExit()
    #expect(status == 1, "\(process.text)")
    #expect(process.text.contains("slow_down") && process.text.contains("--limits off"), "\(process.text)")
  }

  @Test func `an interrupted run leaves nothing behind`() async throws {
    let bench = try BenchProcess(["push", "--messages", "100000", "--rate", "100", "--nodes", "2", "--threads", "1"])
    let data = "\(bench.folder.path)/tmp"
    #expect(await eventually { (try? Self.log(in: data))?.contains("\nready:") == true })
    let words = try Self.log(in: data).split(whereSeparator: \.isWhitespace)
    let pids = zip(words, words.dropFirst()).filter { $0.0 == "pid" }.compactMap { Int32($0.1) }
    #expect(pids.count == 3, "two nodes and Redis")
    bench.process.signal(SIGINT)
    let status = bench.process.waitUntilExit()
    #expect(status == 130)
    #expect(bench.left == [])
    #expect(pids.filter { kill($0, 0) == 0 } == [])
  }

  /// What the private cluster has said.
  private static func log(in folder: String) throws -> String {
    // `kabar up` has a folder of its own beside it.
    let logs = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
      try? String(contentsOfFile: "\(folder)/\($0)/cluster.log", encoding: .utf8)
    }
    return logs.first ?? ""
  }
}
