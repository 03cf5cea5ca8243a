// Owns: the main loop of `kabar up`: it turns what happens into events, and the machine's actions into effects.
// Must never: decide (ClusterMachine does); start a thread; return while a child of its lives.
// Runs on: the main thread, for the whole life of the process: the kernel ends our children with this thread.
import CProcess
import Glibc

/// Starts a cluster, keeps it alive, and stops it.
package final class Supervisor {
  /// Puts the demo accounts into the Redis with this URL if it has no accounts; says whether it did. Blocks; signals are
  /// answered after it has returned.
  package typealias DataPreparation = (_ redisURL: String) throws -> Bool

  private let plan: ClusterPlan
  private let prepareData: DataPreparation?
  private let signals: SignalSource
  private let redis: RedisServer?
  private let heldPorts: [PortReservation]
  private let notifications: [ClusterMachine.Child: NotifySocket]
  private var machine: ClusterMachine
  private var processes: [ClusterMachine.Child: ChildProcess] = [:]
  private var probe: RedisProbe?
  private var hasDemoAccounts = false
  private var isHungUp = false
  private var exitStatus: Int32?

  /// Checks everything that can be checked, and takes the folder and the ports. Nothing is started yet.
  /// - Parameter prepareData: called once, when Redis is ready and before the nodes start, if the data is new or
  ///   somebody else's Redis is used. Nil leaves the data as it is.
  package init(plan: ClusterPlan, prepareData: DataPreparation?) throws(SupervisorError) {
    guard kabar_thread_id() == getpid() else {
      throw SupervisorError("internal error: the supervisor must run on the main thread")
    }
    try plan.validate()
    self.prepareData = prepareData
    signals = try SignalSource()
    let limit = DescriptorLimit.raise()
    switch plan.store {
    case .own(let data, let port, let durability):
      let program = try RedisServer.findProgram()
      redis = try RedisServer(
        data: data, port: port, durability: durability, program: program, descriptorLimit: limit)
    case .existing: redis = nil
    }
    var ports: [PortReservation?] = []
    if plan.tls?.isOnly != true { ports.append(try PortReservation.chat(host: plan.host, port: plan.port)) }
    if let tls = plan.tls {
      ports.append(try PortReservation.chat(host: plan.host, port: tls.port, option: "--tls-port"))
    }
    let web = try plan.webPorts.map { wanted throws(SupervisorError) in
      try PortReservation.web(host: plan.host, ports: wanted)
    }
    ports.append(web?.1)
    let http = try plan.firstHTTPPort.map { first throws(SupervisorError) in
      try PortReservation.http(from: first, count: plan.nodes)
    }
    heldPorts = ports.compactMap { $0 } + (http ?? []).map(\.reservation)
    var plan = plan
    plan.webPort = web?.0
    plan.httpPorts = (http ?? []).map(\.port)
    self.plan = plan
    machine = ClusterMachine(nodes: plan.nodes, ownsRedis: redis != nil, drainTime: .seconds(plan.drainTime))
    let directory = try NotifyDirectory()
    var sockets: [ClusterMachine.Child: NotifySocket] = [:]
    for child in machine.children where child != .redis {
      sockets[child] = try NotifySocket(name: "\(child)", in: directory)
    }
    notifications = sockets
  }

  /// Runs the cluster until it is told to stop. Returns the exit status for the process; no child lives then.
  package func run() -> Int32 {
    feed(.begin)
    while true {
      if let exitStatus { return exitStatus }
      waitForNews()
      for signal in signals.read() { note(signal) }
      for (child, socket) in notifications where socket.takeReady() { feed(.ready(child)) }
      reap()
      if let current = probe, current.step(now: .now) {
        probe = nil
        feed(.ready(.redis))
      }
      feed(.tick)
    }
  }

  private var redisURL: String {
    if let redis { return redis.url }
    guard case .existing(let url, _) = plan.store else { return "" }
    return url
  }

  private func waitForNews() {
    var watched = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
    watched += notifications.values.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    // poll leaves out negative descriptors: a probe between two tries.
    if let probe { watched.append(pollfd(fd: probe.descriptor, events: Int16(POLLIN), revents: 0)) }
    let deadline = [machine.nextDeadline, probe?.nextStep].compactMap { $0 }.min()
    // Rounded up, or the loop would spin through the last millisecond.
    let timeout = deadline.map { Int32(clamping: max(0, ContinuousClock.now.duration(to: $0).milliseconds + 1)) }
    poll(&watched, nfds_t(watched.count), timeout ?? -1)
  }

  private func note(_ signal: SignalSource.Signal) {
    switch signal {
    case .stop: feed(.stop)
    // A closing terminal may say so twice; that is no wish to hurry.
    case .hangUp where !isHungUp:
      isHungUp = true
      feed(.stop)
    case .restart: feed(.restart)
    case .sayMore: feed(.sayMore)
    case .hangUp, .childEnded: break
    }
  }

  private func reap() {
    for (child, process) in processes {
      guard let reason = process.reap() else { continue }
      processes[child] = nil
      if child == .redis { probe = nil }
      // What it said before it died must not speak for its successor.
      _ = notifications[child]?.takeReady()
      feed(.ended(child, reason))
    }
  }

  private func feed(_ event: ClusterMachine.Event) {
    for action in machine.handle(event, now: .now) { carryOut(action) }
  }

  private func carryOut(_ action: ClusterMachine.Action) {
    switch action {
    case .start(let child): start(child)
    case .drain(let child): processes[child]?.signal(SIGTERM)
    // Redis knows one way to end. A node shall not wait for its clients: the other nodes end as well.
    case .terminate(.redis): processes[.redis]?.signal(SIGTERM)
    case .terminate(let node): processes[node]?.signal(SIGINT)
    case .kill(let child): processes[child]?.kill()
    case .sayMore(let node): processes[node]?.signal(SIGUSR1)
    case .prepareData: prepare()
    case .announce: announce()
    case .say(let line): say(line)
    case .explainWait(let child): say(waitExplanation(child))
    case .showLastLines(let child):
      // What a child wrote on stderr is on the terminal already; Redis writes to its log.
      guard child == .redis, let redis else { return }
      for line in redis.lastLines { say("redis: \(line)") }
    case .finish(let status): exitStatus = status
    }
  }
}

extension Supervisor {
  private func start(_ child: ClusterMachine.Child) {
    let request: ChildProcess.Request
    switch child {
    case .redis:
      guard let redis else { return }
      request = redis.request
    case .node(let number):
      request = ChildProcess.Request(
        command: [plan.nodeProgram] + plan.nodeArguments(number),
        environment: plan.nodeEnvironment.merging(
          ["KABAR_REDIS": redisURL, "NOTIFY_SOCKET": notifications[child]?.path]
        ) { $1 },
        keepsOutput: true, inherited: nil)
    }
    do {
      let process = try ChildProcess.spawn(request, launcher: plan.launcher)
      processes[child] = process
      if child == .redis, let redis { probe = RedisProbe(port: redis.port, pid: process.pid, now: .now) }
      feed(.started(child, pid: process.pid))
    } catch {
      feed(.ended(child, .notStarted(error.description)))
    }
  }

  private func prepare() {
    do {
      if let prepareData, redis?.folder.isNew ?? true { hasDemoAccounts = try prepareData(redisURL) }
      if let folder = redis?.folder {
        try folder.markPrepared(demoAccounts: hasDemoAccounts)
        hasDemoAccounts = folder.hasDemoAccounts
      }
      feed(.prepared)
    } catch {
      feed(.failed("the demo accounts could not be added: \(error)"))
    }
  }

  private func announce() {
    let running = machine.children.compactMap { child in machine.pid(of: child).map { ("\(child)", $0) } }
    let table = ClusterTable(
      plan: plan, processes: running, supervisor: getpid(), redisPort: redis?.port, dataFolder: redis?.folder.path,
      hasDemoAccounts: hasDemoAccounts)
    LineOutput.write(table.text, to: STDOUT_FILENO)
  }

  private func waitExplanation(_ child: ClusterMachine.Child) -> String {
    guard child == .redis else { return "\(child) does not accept connections yet; still waiting" }
    return switch probe?.lastReply {
    case .loading: "redis is still reading its append-only file; waiting until it is done"
    case .foreign: "another process answers on the port of redis; still waiting"
    default: "redis does not answer yet; still waiting"
    }
  }

  private func say(_ line: String) { LineOutput.write("kabar up: \(line)", to: STDERR_FILENO) }
}
