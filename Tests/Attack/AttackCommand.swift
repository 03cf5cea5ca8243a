// Owns: the command line of the attackers' tool.
// Must never: be part of what is shipped.
// Runs on: the main thread.
import ArgumentParser
import Foundation
import Glibc
import Synchronization
import TestSupport

@main enum AttackProgram {
  /// `attack exec-child PARENT PROGRAM …` is the hidden step between a run and each of its processes.
  static func main() {
    ChildProcess.becomeChildIfAsked()
    AttackCommand.main()
  }
}

struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack",
    abstract: "Attacks a cluster while others use it, and says what the attack got and what the others noticed.",
    discussion: """
      Starts a redis-server and some nodes on one port of 127.0.0.1. 16 users send, look into their inboxes and confirm, \
      8 listen, 20 a second come with a token and one with a password; each acts at fixed times, and what is measured \
      begins at the planned time, so that a stall counts for all that it holds up. They are measured undisturbed, then \
      beside each attack, then undisturbed again.

      The attacker is one thread of nice 10: on two cores it shares the processor with those whom it attacks, and what \
      that alone costs is in the row `control`.

      BROKEN: an attack got what it must not get, or the request of somebody else was refused. \
      That doesn't depend on the machine.
      SLOW: a 99th percentile of requests, pushed messages or arrivals is above \(Int(Report.floor)) ms and above twice \
      the undisturbed one and that beside `control` (if it was run), or a request was not answered in time.

      Ends with 0: neither; 1: one of them; 2: it could not be run; 130: interrupted.
      """)

  @Option(help: "How long each attack lasts, 1 to 600. From 14 on it is checked that idle connections are closed.")
  var seconds = 15

  @Option(help: ArgumentHelp("Only this attack; may be given several times.", valueName: "name"))
  var only: [String] = []

  @Flag(help: "Print the names of the attacks and what they do.")
  var list = false

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Flag(help: "Don't judge times: on a machine that does something else meanwhile they say nothing.")
  var ignoreTimes = false

  @Option(help: "Node processes, 1 to 16.")
  var nodes = 3

  @Option(help: ArgumentHelp("What a password hash costs, 2 to 20.", valueName: "log2n"))
  var scryptLog2n = 15

  @Option(help: "The kabar program to test; default: the one beside this program.")
  var kabar: String?

  @Option(
    help: ArgumentHelp("One more word for kabar serve, such as --serve=--limits --serve=off.", valueName: "word"))
  var serve: [String] = []

  @Option(
    help: ArgumentHelp(
      "Attack a running cluster instead. Accounts are added to it, and disabled at the end.",
      valueName: "host:port"))
  var target: String?

  @Option(help: ArgumentHelp("The port with TLS of the target.", valueName: "port"))
  var targetTLSPort: Int?

  @Option(help: ArgumentHelp("The Redis of the target, to add the accounts.", valueName: "url"))
  var redis: String?

  @Option(help: ArgumentHelp("A node of the target on this machine, to see its memory.", valueName: "pid"))
  var pid: [Int32] = []

  func validate() throws {
    guard (1...600).contains(seconds) else { throw ValidationError("--seconds is a number from 1 to 600") }
    guard (1...16).contains(nodes) else { throw ValidationError("--nodes is a number from 1 to 16") }
    guard (2...20).contains(scryptLog2n) else { throw ValidationError("--scrypt-log2n is a number from 2 to 20") }
    if let unknown = only.first(where: { Catalogue.named($0) == nil }) {
      throw ValidationError("there is no attack \(unknown): see --list")
    }
    guard (target == nil) == (redis == nil) else { throw ValidationError("--target and --redis go together") }
    guard target.map({ Endpoint($0) != nil }) ?? true else {
      throw ValidationError("--target is an IPv4 address and a port, such as 127.0.0.1:8889")
    }
  }

  func run() throws {
    if list { return printList() }
    endInOrderOnSignals()
    allowManyDescriptors()
    do {
      let report = Report(try attack(), seconds: seconds)
      print(json ? try report.json() : report.text())
      if !report.isSafe || !(report.isInTime || ignoreTimes) { throw ExitCode(1) }
    } catch is Interrupted {
      throw ExitCode(130)
    } catch let code as ExitCode {
      throw code
    } catch {
      FileHandle.standardError.write(Data("attack: \(error)\n".utf8))
      throw ExitCode(2)
    }
  }

  private var program: String {
    kabar ?? (CommandLine.executablePath as NSString).deletingLastPathComponent + "/kabar"
  }

  private func attack() throws -> RunResult {
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw TestFailure("there is no program \(program)")
    }
    let accounts = Accounts()
    if let target, let redis, let endpoint = Endpoint(target) {
      let running = RunningCluster(program: program, redis: redis, scryptLog2N: scryptLog2n, accounts)
      try running.addAccounts()
      defer { running.disableAccounts() }
      let hashes = nodes * sysconf(Int32(_SC_NPROCESSORS_ONLN))
      let target = Target(
        plain: endpoint, tls: targetTLSPort.map { Endpoint(endpoint, port: $0) }, nodes: pid,
        hashesAtOnce: hashes, hashKiB: hashes << scryptLog2n, redisPort: nil)
      return try AttackRun(target, accounts, seconds: seconds, cluster: nil).run(kinds(hasTLS: target.tls != nil))
    }
    let cluster = try Cluster(
      ClusterSettings(program: program, nodes: nodes, threads: 2, scryptLog2N: scryptLog2n, options: serve), accounts)
    defer { cluster.stop() }
    return try AttackRun(cluster.target, accounts, seconds: seconds, cluster: cluster).run(kinds(hasTLS: true))
  }

  /// What was asked for, as far as the target has it.
  private func kinds(hasTLS: Bool) -> [any Attack.Type] {
    Catalogue.all.filter { kind in (only.isEmpty || only.contains(kind.name)) && (hasTLS || !kind.needsTLS) }
  }

  private func printList() {
    let width = Catalogue.all.map { $0.name.count }.max() ?? 0
    for kind in Catalogue.all {
      print(kind.name + String(repeating: " ", count: width - kind.name.count) + "  " + kind.summary)
    }
  }

  /// Thousands of connections need as many.
  private func allowManyDescriptors() {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(kind, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(kind, &limit)
  }

  /// Whoever started this program may have blocked or ignored them.
  private func endInOrderOnSignals() {
    var ending = sigset_t()
    sigemptyset(&ending)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in isInterrupted.store(true, ordering: .relaxed) }
      sigaddset(&ending, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &ending, nil)
    signal(SIGPIPE, SIG_IGN)
  }
}
