// Owns: the options that all workloads of `kabar bench` share.
// Must never: measure.
// Runs on: the main thread (a value).
import ArgumentParser
import Supervisor

/// What is measured against what, how long, and how it is shown.
struct BenchOptions: ParsableArguments {
  @Flag(help: "Measure a bare Redis beside it: same connections, payload and depth, in turn; print the ratios.")
  var againstRedis = false

  @Option(help: "How often each workload is measured; medians are shown. (default 1, with --against-redis 3)")
  var rounds: Int?

  @Option(help: "No round of a workload sends for longer than this.")
  var seconds = 30.0

  @Flag(help: "One JSON object a line for each workload, for programs.")
  var json = false

  @Option(help: "Node processes of the private cluster, 1 to 64.")
  var nodes = 3

  @Option(help: "Event loops of each of these nodes (default: as `kabar up` chooses).")
  var threads: Int?

  @Option(help: "When Redis (both, if there are two) syncs its file: always or everysec.")
  var durability = Durability.everysec.rawValue

  @Flag(help: "Let the generator's clients be browsers: each in a WebSocket.")
  var websocket = false

  @Option(
    name: .customLong("connect"),
    help: ArgumentHelp(
      "Measure a running cluster instead; give it for each address (with --websocket: of the page), and --redis. Its nodes must run with --limits off, and with "
        + "--scrypt-log2n 2 for what logs in.", valueName: "host:port"))
  var addresses: [String] = []

  @OptionGroup(title: "With --connect") var redis: RedisOption

  mutating func validate() throws {
    if let rounds, !(1...100).contains(rounds) { throw ValidationError("--rounds is a number from 1 to 100") }
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is above 0 and at most 600") }
    guard (1...64).contains(nodes) else { throw ValidationError("--nodes is a number from 1 to 64") }
    guard Durability(rawValue: durability) != nil else {
      throw ValidationError("--durability must be always or everysec, not '\(durability)'")
    }
    if redis.url != nil, addresses.isEmpty { throw ValidationError("--redis goes with --connect") }
    for address in addresses where Self.split(address) == nil {
      throw ValidationError("--connect wants HOST:PORT, not '\(address)'")
    }
  }

  /// How often each workload is measured.
  var chosenRounds: Int { rounds ?? (againstRedis ? 3 : 1) }

  /// Host and port; nil if it is none.
  static func split(_ address: String) -> (host: String, port: Int)? {
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
      (1...65535).contains(port), colon > address.startIndex
    else { return nil }
    return (String(address[..<colon]), port)
  }
}
