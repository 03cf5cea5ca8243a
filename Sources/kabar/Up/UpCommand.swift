// Owns: the command line of `kabar up`.
// Must never: become asynchronous (see EntryPoint).
// Runs on: the main thread.
import ArgumentParser
import ChatServer
import Glibc
import NIOCore
import RedisClient
import Supervisor
import TLS

struct UpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Run a whole cluster on this machine: Redis and several nodes on one port.",
    discussion: """
      Starts a private redis-server (from PATH) and the nodes, prints how to reach them and then a line that begins \
      with "ready". What dies is started again. SIGHUP replaces the nodes one after the other: each tells its clients \
      to go to the others, and ends when they have; with two nodes or more no connection is refused, and no message is lost. \
      Ctrl-C stops the nodes, then Redis; a second Ctrl-C kills them. \
      However this process ends, none of the others is left. The nodes take their other settings from the environment \
      (KABAR_PUSH_WINDOW, KABAR_PRESENCE_GRACE, …): `kabar serve --help` lists them. A file of settings (KABAR_CONFIG) is not read.
      """)

  @Option(help: "Node processes, 1 to 64.")
  var nodes = 3

  @Option(help: "The TCP port that all nodes share. (KABAR_PORT; default 8889)")
  var port: Int?

  @Option(help: "The address that the nodes listen on. (KABAR_HOST; default 127.0.0.1)")
  var host: String?

  @Option(help: ArgumentHelp("The folder for the private Redis's data; made if missing.", valueName: "folder"))
  var data = "./.kabar"

  @Flag(help: "Leave new data without the demo accounts. (A Redis named by --redis never gets them.)")
  var noDemoAccounts = false

  @Option(
    help: ArgumentHelp("Use this Redis instead of a private one: redis://…, rediss://… or unix:///….", valueName: "url")
  )
  var redis: String?

  @OptionGroup(title: "With --redis") var login: RedisLogin

  @OptionGroup(title: "TLS") var tls: TLSOptions

  @Option(
    help: ArgumentHelp(
      "Event loops of each node. (KABAR_THREADS; default: all nodes together as many as there are cores, beside one for the "
        + "private Redis)"))
  var threads: Int?

  @Option(help: "The port of the private Redis (default: the first free one from 6390).")
  var redisPort: Int?

  @Option(
    help: ArgumentHelp(
      "When the private Redis syncs its file to the disk: always or everysec. (KABAR_DURABILITY; default everysec)",
      discussion: """
        always: nothing that was answered OK is lost, whether Redis is killed or the power fails. Slower: each batch of \
        messages waits for the disk.
        everysec: a sync once a second. If Redis is killed, nothing that it has written is lost; but while a sync is \
        under way it may hold a write back, for up to two seconds, and what was answered OK in that window is lost \
        then. If the power fails, the last second is lost, two or more on a slow disk.
        """, valueName: "when"))
  var durability: String?

  @Option(
    help: ArgumentHelp(
      "Where the nodes answer /livez, /readyz and /metrics by HTTP: each on the next free port from here. 0: none. "
        + "(KABAR_HTTP_PORT; default 8900)", valueName: "port"))
  var httpPort: Int?

  @Option(
    help: ArgumentHelp(
      "Where browsers get the page. 0: none. (KABAR_WEB_PORT; default: the first that is free from "
        + "\(ServerConfiguration.usualWebPort) on)", valueName: "port"))
  var webPort: Int?

  @Option(
    help: ArgumentHelp(
      "How long a node that is restarted gives its clients to go to another one, 0 to 600. (KABAR_DRAIN_TIME; default 10)",
      valueName: "s"))
  var drainTime: Int?

  // For tests of the supervisor, and for running nodes of another build.
  @Option(help: .hidden)
  var nodeProgram: String?

  func run() throws {
    let executable = Self.executable
    let durability = try chosenDurability()
    let store: ClusterPlan.Store
    if let redis {
      // Somebody else runs it: what it syncs and when is not ours to say.
      if self.durability != nil { throw SupervisorError("--durability is for the private Redis, not with --redis") }
      let address = try login.address(onCommandLine: redis, elsewhere: "--redis-password-file")
      store = .existing(url: redis, inspectCommand: address.inspectCommand)
    } else {
      guard login.isEmpty else { throw SupervisorError("how to log in to Redis is said only with --redis") }
      store = .own(data: data, port: redisPort, durability: durability)
    }
    ConfigCommand.show(unusedVariables.map { "\($0) is not used by kabar up" })
    let port = try Settings.value(port, "port", default: 8889)
    let host = try Settings.value(host, "host", default: "127.0.0.1")
    var plan = ClusterPlan(
      nodes: nodes, host: host, port: port, threads: try chosenThreads(), store: store,
      nodeProgram: nodeProgram ?? executable,
      launcher: executable, demoAccounts: DemoAccounts.all.map { "\($0.name) \($0.password)" })
    plan.tls = try chosenTLS(beside: port)
    plan.drainTime = try Settings.number(drainTime, "drain-time", plan.drainTime, 0...600)
    // The private Redis wants no password, whatever the environment says of another one.
    plan.nodeEnvironment = redis == nil ? RedisLogin.noEnvironment : try login.environment()
    let firstHTTPPort = try Settings.number(httpPort, "http-port", 8900, 0...65535)
    plan.firstHTTPPort = firstHTTPPort == 0 ? nil : firstHTTPPort
    plan.webPorts = try chosenWebPorts()
    plan.nodeEnvironment["KABAR_HTTP_PORT"] = .some(nil)
    // What the file says of ports and of Redis is decided here already.
    plan.nodeEnvironment["KABAR_CONFIG"] = .some(nil)
    if nodes > 1, ConnectionMigration.isOn != true { plan.advice = ConnectionMigration.advice }
    let supervisor = try Supervisor(
      plan: plan,
      prepareData: noDemoAccounts || redis != nil
        ? nil
        : { url in
          try DemoAccounts.add(redis: RedisAddress(url))
          return true
        })
    throw ExitCode(supervisor.run())
  }

  /// Variables of a node that somebody may take for settings of this cluster.
  private var unusedVariables: [String] {
    let others = ["KABAR_NODE", "KABAR_CONFIG"] + (redis == nil ? ["KABAR_REDIS"] : [])
    return others.filter { name in getenv(name).map { $0.pointee != 0 } ?? false }
  }

  private func chosenThreads() throws -> Int {
    let usual = ClusterPlan.usualThreads(nodes: nodes, cores: System.coreCount, besideRedis: redis == nil)
    return try Settings.value(threads, "threads", default: usual)
  }

  /// One that somebody named, or one of a hundred.
  private func chosenWebPorts() throws -> ClosedRange<Int>? {
    let usual = ServerConfiguration.usualWebPort
    let given: Int? = try Settings.optional(webPort, "web-port")
    return given == 0 ? nil : given.map { $0...$0 } ?? usual...usual + 99
  }

  /// The files are tried here, so that what is wrong is said once and not by each node.
  private func chosenTLS(beside port: Int) throws -> ClusterPlan.TLS? {
    guard let chosen = try tls.resolved(plainPort: port) else { return nil }
    _ = try chosen.identity()
    return ClusterPlan.TLS(
      port: chosen.port, certificate: chosen.certificate, key: chosen.key, isOnly: !chosen.acceptsPlaintext)
  }

  /// From the option, the environment or the default. A value that can't be used is one line, like every other refusal.
  private func chosenDurability() throws -> Durability {
    let given = try Settings.value(durability, "durability", default: Durability.everysec.rawValue)
    if let known = Durability(rawValue: given) { return known }
    let source = durability == nil ? "KABAR_DURABILITY" : "--durability"
    throw SupervisorError("\(source) must be always or everysec, not '\(given)'")
  }

  /// The file of this very program. Once it has been replaced or removed only the kernel's link still leads to it.
  static var executable: String {
    let link = "/proc/self/exe"
    guard let target = realpath(link, nil) else { return link }
    defer { free(target) }
    return String(cString: target)
  }
}
