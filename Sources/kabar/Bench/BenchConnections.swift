// Owns: the command lines of the workloads about connections, and of all workloads together.
// Must never: become asynchronous (see EntryPoint).
// Runs on: the main thread.
import ArgumentParser
import Bench

/// What workloads of many short connections share.
struct VisitOptions: ParsableArguments {
  @Option(help: "Connections at a time, 1 to 10000.") var connections = 64
  @Option(help: "Connections in all, 1 to 20000: each takes a port of this machine for a minute.") var operations =
    10_000

  mutating func validate() throws {
    try bounds("--connections", connections, 1...10_000)
    try bounds("--operations", operations, 1...20_000)
  }

  /// As it is measured.
  func shape(_ options: BenchOptions) -> LoadShape {
    var shape = LoadShape()
    (shape.connections, shape.operations, shape.seconds) = (connections, operations, options.seconds)
    return shape
  }
}

struct BenchLogin: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "A connection and an auth for each operation. (closed loop)")
  @OptionGroup var visits: VisitOptions
  @OptionGroup var options: BenchOptions

  func run() throws {
    try BenchRun(options: options, plans: [WorkloadPlan("login", .login, visits.shape(options))]).run()
  }
}

struct BenchResume: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "A connection and a resume for each operation. (closed loop)")
  @OptionGroup var visits: VisitOptions
  @OptionGroup var options: BenchOptions

  func run() throws {
    try BenchRun(options: options, plans: [WorkloadPlan("resume", .resume, visits.shape(options))]).run()
  }
}

struct BenchIdle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Memory of a logged-in idle connection, and connections a second. (closed loop)")
  @Option(help: "Idle connections, 1 to 20000.") var connections = 5000
  @OptionGroup var options: BenchOptions

  mutating func validate() throws { try bounds("--connections", connections, 1...20_000) }

  func run() throws {
    var shape = LoadShape()
    (shape.operations, shape.seconds) = (connections, options.seconds)
    try BenchRun(options: options, plans: [WorkloadPlan("idle", .idle, shape)]).run()
  }
}

struct BenchPresence: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "presence",
    abstract: "Users who log in and out, and the delay until watchers have each change. (open loop)")
  @Option(help: "Users who come and go, 1 to 1000.") var connections = 64
  @Option(help: "Connections that watch them all, 1 to 1000.") var watchers = 10
  @Option(help: "Changes a second of all users together. (default: each changes every 4 s)") var rate: Double?
  @Option(help: "Changes in all. (default: 5 s of the rate)") var changes: Int?
  @OptionGroup var options: BenchOptions

  mutating func validate() throws {
    try bounds("--connections", connections, 1...1000)
    try bounds("--watchers", watchers, 1...1000)
    if let rate, !(0.01...100_000).contains(rate) { throw ValidationError("--rate is from 0.01 to 100000") }
    if let changes { try bounds("--changes", changes, 1...1_000_000) }
  }

  func run() throws {
    var shape = LoadShape()
    (shape.connections, shape.receivers, shape.seconds) = (connections, watchers, options.seconds)
    let rate = rate ?? Double(connections) / 4
    shape.rate = rate
    shape.operations = changes ?? max(1, Int(rate * 5))
    try BenchRun(options: options, plans: [WorkloadPlan("presence", .presence, shape)]).run()
  }
}

struct BenchAll: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Every workload, one after the other, with the figures of the budgets.")
  @OptionGroup var options: BenchOptions

  func run() throws {
    try BenchRun(options: options, plans: Self.plans(seconds: options.seconds)).run()
  }

  /// The workloads with their defaults.
  static func plans(seconds: Double) -> [WorkloadPlan] {
    var base = LoadShape()
    base.seconds = seconds
    func plan(_ name: String, _ workload: Workload, _ change: (inout LoadShape) -> Void) -> WorkloadPlan {
      var shape = base
      change(&shape)
      return WorkloadPlan(name, workload, shape)
    }
    return [
      // First: whose connections have ended before would stay active for the grace, and her changes would be none.
      plan("presence", .presence) { ($0.receivers, $0.rate, $0.operations) = (10, 16, 80) },
      plan("send", .send) { _ in },
      plan("send-16", .send) { $0.inFlight = 16 },
      plan("send-tagged-16", .send) { ($0.inFlight, $0.tagRun) = (16, "") },
      plan("push", .push) { ($0.rate, $0.operations) = (2000, 10_000) },
      plan("push-saturated", .push) { $0.inFlight = 16 },
      plan("login", .login) { $0.operations = 10_000 },
      plan("resume", .resume) { $0.operations = 10_000 },
      plan("idle", .idle) { $0.operations = 5000 },
      plan("overload", .overload) {
        ($0.connections, $0.inFlight, $0.receivers) = (Overload.senders, 16, Overload.recipients)
      },
    ]
  }
}
