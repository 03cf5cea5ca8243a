// Owns: every decision about the life of a cluster: order of start and stop, restarts, giving up.
// Must never: read a clock, touch a process, write a line: it answers events with actions.
// Runs on: any thread (a value); in production the main thread.

/// The life of one cluster as a state machine. Feed it events, carry out the actions in order, and call `tick` at
/// `nextDeadline`. It starts Redis, has the data prepared, starts the nodes, keeps all of them alive, restarts them one after
/// the other, and stops the nodes before Redis.
package struct ClusterMachine {
  /// A process of the cluster.
  package enum Child: Hashable, Sendable, CustomStringConvertible {
    case redis
    /// Nodes count from 1.
    case node(Int)

    /// "redis", "n1", …
    package var description: String {
      switch self {
      case .redis: "redis"
      case .node(let number): "n\(number)"
      }
    }
  }

  /// What has happened.
  package enum Event: Sendable {
    case begin
    /// Answers the action `start`.
    case started(Child, pid: Int32)
    /// The child serves.
    case ready(Child)
    /// The child is gone (or, after `start`, never came).
    case ended(Child, ExitReason)
    /// Answers the action `prepareData`.
    case prepared
    /// The cluster can't go on, for the reason given.
    case failed(String)
    /// Somebody wants every node to be replaced, without an interruption of the service.
    case restart
    /// Somebody wants the nodes' logs to say more.
    case sayMore
    /// Somebody wants the cluster to stop; the second time, at once.
    case stop
    /// Time has passed.
    case tick
  }

  /// What is to be done.
  package enum Action: Equatable, Sendable {
    case start(Child)
    /// The child shall end, soon.
    case terminate(Child)
    /// The node shall end when its clients have gone to the others.
    case drain(Child)
    case kill(Child)
    /// The node's log shall say more.
    case sayMore(Child)
    case prepareData
    /// All nodes serve for the first time.
    case announce
    /// A line for the operator.
    case say(String)
    /// The child has been slow for `slowAfter`: say what is known about it.
    case explainWait(Child)
    /// The child never became ready: show its last words.
    case showLastLines(Child)
    /// All is over; the exit status of `kabar up`.
    case finish(Int32)
  }

  /// How long a child may take to end after SIGTERM, before SIGKILL.
  package static let stopPatience = Duration.seconds(10)
  /// What a node that drains may take beyond the time for its clients: what whoever stops a node must allow it.
  package static let drainPatience = Duration.seconds(15)
  /// A child that is not ready after this long is spoken about.
  package static let slowAfter = Duration.seconds(5)
  /// So many deaths in a row before a child was ever ready end the start-up.
  package static let startAttempts = 3

  private enum Stage: Equatable {
    case startingRedis, preparing, startingNodes, serving
    case stoppingNodes(killAt: ContinuousClock.Instant)
    case stoppingRedis(killAt: ContinuousClock.Instant)
    case finished
  }

  private enum Phase {
    case idle
    /// The action `start` is out, its answer is not in.
    case starting
    case running(pid: Int32, since: ContinuousClock.Instant)
    case waiting(until: ContinuousClock.Instant)
  }

  private struct Life {
    var phase = Phase.idle
    var isReady = false
    var wasEverReady = false
    var deathsBeforeReady = 0
    var backoff = RestartBackoff()
    /// When to speak about a child that is still not ready; nil once spoken or not due.
    var slowAt: ContinuousClock.Instant?
  }

  private let nodes: [Child]
  private let ownsRedis: Bool
  private var lives: [Child: Life] = [:]
  private var stage = Stage.startingRedis
  private var status: Int32 = 0
  /// Seconds that a node which drains may take, before it is given `drainPatience`.
  private let drainTime: Duration
  /// The nodes that a rolling restart has still to replace; the first is being replaced.
  private var outdated: [Child] = []
  /// When that one is killed; nil once it has ended, and while it is not up anyway.
  private var drainUntil: ContinuousClock.Instant?

  /// A cluster of `nodes` nodes, with a Redis of its own or without.
  package init(nodes: Int, ownsRedis: Bool, drainTime: Duration = .seconds(10)) {
    self.nodes = (1...nodes).map(Child.node)
    (self.ownsRedis, self.drainTime) = (ownsRedis, drainTime)
    for child in children { lives[child] = Life() }
  }

  /// All children, Redis first.
  package var children: [Child] { (ownsRedis ? [.redis] : []) + nodes }

  /// The process id of a child that runs.
  package func pid(of child: Child) -> Int32? {
    guard case .running(let pid, _)? = lives[child]?.phase else { return nil }
    return pid
  }

  /// When `tick` is due; nil if only an event can change anything.
  package var nextDeadline: ContinuousClock.Instant? {
    var deadlines = lives.values.compactMap(\.slowAt) + [drainUntil].compactMap(\.self)
    for life in lives.values { if case .waiting(let until) = life.phase { deadlines.append(until) } }
    switch stage {
    case .stoppingNodes(let killAt), .stoppingRedis(let killAt): deadlines.append(killAt)
    default: break
    }
    return deadlines.min()
  }

  /// What `event` at the time `now` calls for, in order.
  package mutating func handle(_ event: Event, now: ContinuousClock.Instant) -> [Action] {
    switch event {
    case .begin: return ownsRedis ? [start(.redis)] : beginPreparing()
    case .started(let child, let pid): return started(child, pid: pid, now: now)
    case .ready(let child): return ready(child, now: now)
    case .ended(let child, let reason): return ended(child, reason, now: now)
    case .prepared:
      // A Redis or a signal may have changed the stage meanwhile.
      guard stage == .preparing else { return [] }
      stage = .startingNodes
      return nodes.map { start($0) }
    case .failed(let why): return fail(why, now: now)
    case .restart: return restart(now: now)
    // One that is not ready may not know the signal yet, which would end it.
    case .sayMore: return nodes.filter { lives[$0]?.isReady == true }.map(Action.sayMore)
    case .stop: return isStopping ? killAll() : beginStop(now: now)
    case .tick: return tick(now: now)
    }
  }

  private var isStopping: Bool {
    switch stage {
    case .stoppingNodes, .stoppingRedis, .finished: true
    default: false
    }
  }

  private mutating func beginPreparing() -> [Action] {
    stage = .preparing
    return [.prepareData]
  }

  private mutating func start(_ child: Child) -> Action {
    lives[child]?.phase = .starting
    return .start(child)
  }

  private mutating func started(_ child: Child, pid: Int32, now: ContinuousClock.Instant) -> [Action] {
    lives[child]?.phase = .running(pid: pid, since: now)
    // Another child's failure may have stopped the cluster between the action and this answer.
    guard !isStopping else { return [.terminate(child)] }
    lives[child]?.slowAt = now + Self.slowAfter
    return []
  }

  private mutating func ready(_ child: Child, now: ContinuousClock.Instant) -> [Action] {
    guard let life = lives[child], !life.isReady, let pid = pid(of: child), !isStopping else { return [] }
    lives[child]?.isReady = true
    lives[child]?.wasEverReady = true
    lives[child]?.slowAt = nil
    let welcome: [Action] = life.wasEverReady ? [.say("\(child) is ready again (pid \(pid))")] : []
    switch stage {
    case .startingRedis where child == .redis: return welcome + beginPreparing()
    case .startingNodes where nodes.allSatisfy({ lives[$0]?.isReady == true }):
      stage = .serving
      return welcome + [.announce]
    case .serving where outdated.first == child && drainUntil == nil:
      outdated.removeFirst()
      return welcome + replaceNext(now: now)
    default: return welcome
    }
  }

  private mutating func ended(_ child: Child, _ reason: ExitReason, now: ContinuousClock.Instant) -> [Action] {
    guard var life = lives[child] else { return [] }
    var lifetime = Duration.zero
    var name = "\(child)"
    if case .running(let pid, let since) = life.phase {
      lifetime = since.duration(to: now)
      name += " (pid \(pid))"
    }
    life.isReady = false
    life.slowAt = nil
    life.phase = .idle
    lives[child] = life
    if isStopping { return advanceStop(now: now) }
    if outdated.first == child, drainUntil != nil {
      drainUntil = nil
      return [start(child)]
    }
    if !life.wasEverReady {
      life.deathsBeforeReady += 1
      guard life.deathsBeforeReady < Self.startAttempts else {
        let why = "\(child) \(reason), \(Self.startAttempts) times in a row before it was ready: giving up"
        return [.showLastLines(child)] + fail(why, now: now)
      }
    }
    let delay = life.backoff.delay(afterLifetime: lifetime)
    life.phase = .waiting(until: now + delay)
    lives[child] = life
    return [.say("\(name) \(reason); starting it again in \(delay.milliseconds) ms")]
  }

  private mutating func fail(_ why: String, now: ContinuousClock.Instant) -> [Action] {
    status = 1
    return [.say(why)] + (isStopping ? [] : beginStop(now: now))
  }

  private mutating func tick(now: ContinuousClock.Instant) -> [Action] {
    var actions: [Action] = []
    for child in children {
      guard let life = lives[child] else { continue }
      if case .waiting(let until) = life.phase, until <= now {
        actions.append(start(child))
      }
      if let slowAt = life.slowAt, slowAt <= now {
        lives[child]?.slowAt = nil
        actions.append(.explainWait(child))
      }
    }
    switch stage {
    case .serving:
      guard let child = outdated.first, let drainUntil, drainUntil <= now else { return actions }
      self.drainUntil = now + Self.stopPatience
      return actions + kill([child])
    case .stoppingNodes(let killAt) where killAt <= now:
      stage = .stoppingNodes(killAt: now + Self.stopPatience)
      return actions + kill(nodes)
    case .stoppingRedis(let killAt) where killAt <= now:
      stage = .stoppingRedis(killAt: now + Self.stopPatience)
      return actions + kill([.redis])
    default: return actions
    }
  }
}

// A rolling restart: the next node goes only when the one before serves again, so one that can't start leaves the others alone.
extension ClusterMachine {
  private mutating func restart(now: ContinuousClock.Instant) -> [Action] {
    guard stage == .serving else { return isStopping ? [] : [.say("not all nodes serve yet: nothing is restarted")] }
    guard outdated.isEmpty else { return [.say("a restart is under way: \(outdated[0]) is being replaced")] }
    outdated = nodes
    return [.say("restarting all nodes, one after the other")] + replaceNext(now: now)
  }

  private mutating func replaceNext(now: ContinuousClock.Instant) -> [Action] {
    guard let child = outdated.first else { return [.say("all nodes are restarted")] }
    // One that is down now comes back new by itself.
    guard lives[child]?.isReady == true else { return [] }
    drainUntil = now + drainTime + Self.drainPatience
    return [.drain(child)]
  }
}

// Stopping: nodes first, so that what they answered OK is in Redis and they can say goodbye to it.
extension ClusterMachine {
  private mutating func beginStop(now: ContinuousClock.Instant) -> [Action] {
    (outdated, drainUntil) = ([], nil)
    for child in children {
      lives[child]?.slowAt = nil
      if case .waiting? = lives[child]?.phase { lives[child]?.phase = .idle }
    }
    stage = .stoppingNodes(killAt: now + Self.stopPatience)
    return nodes.filter { pid(of: $0) != nil }.map(Action.terminate) + advanceStop(now: now)
  }

  private mutating func advanceStop(now: ContinuousClock.Instant) -> [Action] {
    if case .stoppingNodes = stage, !nodes.contains(where: isRunning) {
      stage = .stoppingRedis(killAt: now + Self.stopPatience)
      if pid(of: .redis) != nil { return [.terminate(.redis)] }
    }
    guard case .stoppingRedis = stage, !isRunning(.redis) else { return [] }
    stage = .finished
    return [.finish(status)]
  }

  private mutating func killAll() -> [Action] {
    let killed = kill(children)
    // Whoever asked twice did not get the orderly stop: that must be visible in the exit status.
    if !killed.isEmpty { status = 1 }
    return killed
  }

  private func kill(_ children: [Child]) -> [Action] {
    children.filter { pid(of: $0) != nil }.flatMap { [.say("\($0) is killed: it had not ended"), .kill($0)] }
  }

  /// True from the action `start` until the child has ended.
  private func isRunning(_ child: Child) -> Bool {
    switch lives[child]?.phase {
    case .starting?, .running?: true
    default: false
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
