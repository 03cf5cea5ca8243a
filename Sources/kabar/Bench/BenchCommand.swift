// Owns: the command line of `kabar bench`.
// Must never: become asynchronous: what it starts must be started on the main thread (see EntryPoint).
// Runs on: the main thread.
import ArgumentParser
import Bench

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure Kabar: throughput, latency, processor time, and whether any message is lost.",
    discussion: """
      Starts a private cluster in a temporary folder (limits off, cheap password hashes), puts load on it, ends it and \
      removes everything. Absolute figures say little on a busy machine: --against-redis measures a bare Redis in turn with it, \
      and the ratios are what to compare. CPU is user and system time of all nodes and Redis together. Build in release.
      Exit status: 0 if every message arrived once, whole and in order and nothing was refused, 1 if not.
      """,
    subcommands: [
      BenchSend.self, BenchCollect.self, BenchPush.self, BenchLogin.self, BenchResume.self, BenchIdle.self,
      BenchPresence.self, BenchOverload.self, BenchAll.self,
    ])
}

/// What the workloads that store messages share.
struct StoreOptions: ParsableArguments {
  @Option(help: "Connections that send, 1 to 10000.") var connections = 64
  @Option(help: "Requests that each keeps on its way, 1 to 256.") var inFlight = 1
  @Option(help: "Bytes of a message, \(MessageNumber.shortestText) to 4000.") var payload = 64
  @Option(help: "Messages in all, 100 for each recipient.") var messages = 100_000
  @Flag(help: "Send with a tag (@id=), so that each may be repeated safely.") var tagged = false

  mutating func validate() throws {
    try bounds("--connections", connections, 1...10_000)
    try bounds("--in-flight", inFlight, 1...256)
    try bounds("--payload", payload, MessageNumber.shortestText...4000)
    try bounds("--messages", messages, connections...10_000_000)
  }

  /// As it is measured.
  func shape(_ options: BenchOptions) -> LoadShape {
    var shape = LoadShape()
    (shape.connections, shape.inFlight, shape.payload) = (connections, inFlight, payload)
    (shape.operations, shape.seconds) = (messages, options.seconds)
    shape.tagRun = tagged ? "" : nil
    return shape
  }
}

struct BenchSend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send", abstract: "Acknowledged sends to users who are away, who then collect. (closed loop)")
  @OptionGroup var store: StoreOptions
  @OptionGroup var options: BenchOptions

  func run() throws {
    try BenchRun(options: options, plans: [WorkloadPlan("send", .send, store.shape(options))]).run()
  }
}

struct BenchCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect", abstract: "Logins that collect an inbox of 100 messages until it is empty. (closed loop)")
  @OptionGroup var store: StoreOptions
  @OptionGroup var options: BenchOptions

  func run() throws {
    try BenchRun(options: options, plans: [WorkloadPlan("collect", .collect, store.shape(options))]).run()
  }
}

struct BenchPush: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Messages to listeners on other nodes, each batch confirmed by ack. (open loop)")
  @Option(help: "Messages a second of all senders together, counted from their planned times.") var rate = 2000.0
  @Flag(help: "As fast as acknowledgements come instead. (closed loop)") var saturate = false
  @Option(help: "With --saturate: requests that each sender keeps on its way, 1 to 256.") var inFlight = 16
  @Option(help: "Connections that send, 1 to 10000.") var connections = 64
  @Option(help: "Connections that listen, 1 to 10000.") var listeners = 100
  @Option(help: "Bytes of a message, \(MessageNumber.shortestText) to 4000.") var payload = 64
  @Option(help: "Messages in all. (default 5 s of the rate, or 100,000)") var messages: Int?
  @OptionGroup var options: BenchOptions

  mutating func validate() throws {
    guard rate > 0, rate <= 1_000_000 else { throw ValidationError("--rate is above 0 and at most 1000000") }
    try bounds("--in-flight", inFlight, 1...256)
    try bounds("--connections", connections, 1...10_000)
    try bounds("--listeners", listeners, 1...10_000)
    try bounds("--payload", payload, MessageNumber.shortestText...4000)
    if let messages { try bounds("--messages", messages, connections...10_000_000) }
  }

  func run() throws {
    var shape = LoadShape()
    (shape.connections, shape.inFlight, shape.payload) = (connections, inFlight, payload)
    (shape.receivers, shape.seconds) = (listeners, options.seconds)
    shape.rate = saturate ? nil : rate
    shape.operations = messages ?? (saturate ? 100_000 : max(connections, Int(rate * 5)))
    try BenchRun(options: options, plans: [WorkloadPlan(saturate ? "push-saturated" : "push", .push, shape)]).run()
  }
}

struct BenchOverload: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overload",
    abstract: "Twice the sends that can be sustained: what is accepted, how late, and when it is over. (open loop)")
  @Option(help: "Connections that send, 1 to 10000.") var connections = Overload.senders
  @Option(help: "Bytes of a message, \(MessageNumber.shortestText) to 4000.") var payload = 64
  @OptionGroup var options: BenchOptions

  mutating func validate() throws {
    try bounds("--connections", connections, 1...10_000)
    try bounds("--payload", payload, MessageNumber.shortestText...4000)
  }

  func run() throws {
    var shape = LoadShape()
    (shape.connections, shape.payload, shape.inFlight, shape.receivers) = (
      connections, payload, 16, Overload.recipients
    )
    try BenchRun(options: options, plans: [WorkloadPlan("overload", .overload, shape)]).run()
  }
}

/// A number on the command line outside its bounds is refused by name.
func bounds(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
  guard range.contains(value) else {
    throw ValidationError("\(option) is a number from \(range.lowerBound) to \(range.upperBound)")
  }
}
