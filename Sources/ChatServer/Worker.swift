// Everything that one event loop owns: its client of Redis, its connections, its clocks and counters.
// Never shared between loops: what crosses loops goes through a handle.
// On its event loop.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// One event loop's share of the node.
final class Worker {
  /// Which of the node's event loops this is, from 0.
  let index: Int
  let eventLoop: any EventLoop
  let configuration: ServerConfiguration
  let redis: RedisClient
  let membership: MembershipHandle
  let presence: SharedPresence
  var watchers = Watchers()
  let blockers: BlockersByUser
  let telemetry: Telemetry
  let passwords: PasswordChecks
  let logger: Logger
  /// The level of the log, looked up once a second: a look takes a lock, and a message is answered in microseconds.
  var verbosity: Logger.Level
  var clock = WallClock()
  var messageIDs = MessageIDs()
  var inboxFill: InboxFill
  /// The present incarnation of this node.
  var node: NodeID
  /// How many connections this process has.
  let admission: Admission
  /// How many commands sessions and users may send to this process.
  let commandRates: CommandRates
  /// Records are encoded here before they go into a command.
  var scratch: [UInt8] = []
  /// How late the loop comes to its tasks, and how long Redis takes.
  var (loopDelay, redisDelay) = (QueueDelay(), QueueDelay())
  /// A measurement of the loop's delay is under way.
  var isLoadWatched = false
  private(set) var isStopping = false
  /// The node takes no new connections any more.
  var isDraining = false
  /// When its connections go, once they have to.
  var drainSchedule: DrainSchedule?
  /// The listening connections of this event loop.
  private(set) lazy var feeds = Feeds(of: self, place: "\(node)/\(index)")
  /// The event loops of this process, this one included.
  var siblings: [NIOLoopBound<Worker>] = []
  let feedLoops: FeedLoops
  /// Who is to be told of mail when this turn of the loop ends.
  var mailNotices = MailNotices()

  private var connectionNumber = 0
  private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
  private var bySession: [SessionID: [ObjectIdentifier: ConnectionHandler]] = [:]
  /// How often an open connection's session is prolonged, well within its life.
  private static let sessionUse = TimeAmount.hours(1)
  /// How often sessions are looked up while no news of their end arrives.
  private static let deafInterval = TimeAmount.seconds(1)
  private var isDeaf = false
  private static let endedMemory = TimeAmount.seconds(10)
  private var endedSessions: [SessionID: NIODeadline] = [:]
  private var unflushed: [ConnectionHandler] = []
  private static let maximumPageReads = 8
  private var pageReads = 0
  private var waitingPageReads = FairQueue<AccountName, () -> Void>(bound: .max)
  private var lastReports: [String: NIODeadline] = [:]
  private var emptied: EventLoopPromise<Void>?

  init(
    _ configuration: ServerConfiguration, index: Int, redis: RedisClient, membership: MembershipHandle,
    presence: SharedPresence, feedLoops: FeedLoops, passwords: PasswordChecks, admission: Admission,
    commandRates: CommandRates,
    logger: Logger
  ) {
    (self.index, eventLoop) = (index, redis.eventLoop)
    (self.configuration, self.redis, self.membership) = (configuration, redis, membership)
    inboxFill = InboxFill(configuration.inboxLimits)
    blockers = BlockersByUser(redis: redis)
    telemetry = Telemetry(requestTimeout: configuration.requestTimeout)
    (node, self.presence, self.feedLoops) = (presence.own, presence, feedLoops)
    (self.passwords, self.admission, self.logger) = (passwords, admission, logger)
    self.commandRates = commandRates
    verbosity = logger.logLevel
    keepSessions()
    judgeConnections()
    startMeasuring()
  }

  // MARK: Connections

  /// The number of another connection.
  func nextConnectionNumber() -> Int {
    connectionNumber += 1
    return connectionNumber
  }

  func opened(_ connection: ConnectionHandler) {
    connections[ObjectIdentifier(connection)] = connection
    telemetry.accepted()
    scheduleDeparture(of: connection)
  }

  func closed(_ connection: ConnectionHandler) {
    connections[ObjectIdentifier(connection)] = nil
    if connections.isEmpty { emptied?.succeed() }
  }

  var openConnections: [ConnectionHandler] { Array(connections.values) }

  /// An open connection.
  func connection(_ id: ObjectIdentifier) -> ConnectionHandler? { connections[id] }

  /// How many are open.
  var connectionCount: Int { connections.count }

  /// How many sessions have a connection here.
  var sessionCount: Int { bySession.count }

  func bound(_ connection: ConnectionHandler, to session: SessionID) {
    telemetry.bound(1)
    bySession[session, default: [:]][ObjectIdentifier(connection)] = connection
  }

  func unbound(_ connection: ConnectionHandler, from session: SessionID) {
    telemetry.bound(-1)
    bySession[session]?[ObjectIdentifier(connection)] = nil
    if bySession[session]?.isEmpty == true { bySession[session] = nil }
  }

  /// A session has ended, here or on another node.
  func sessionEnded(_ session: SessionID) {
    let now = NIODeadline.now()
    if endedSessions.count >= 1000 { endedSessions = endedSessions.filter { now < $0.value } }
    endedSessions[session] = now + Self.endedMemory
    for connection in (bySession[session] ?? [:]).values { connection.sessionEnded() }
  }

  /// Whether the session is known to have ended, whatever an answer says that was on its way meanwhile.
  func hasEnded(_ session: SessionID) -> Bool { endedSessions[session].map { NIODeadline.now() < $0 } ?? false }

  /// No news of other nodes arrives any more: who is blocked and which sessions have ended must be asked for.
  func newsLost() {
    blockers.newsLost()
    guard !isDeaf else { return }
    isDeaf = true
    distrustWhileDeaf()
  }

  /// News arrives again; some may have been missed.
  func newsHeardAgain() {
    isDeaf = false
    blockers.newsHeardAgain()
    distrustSessions()
  }

  private func distrustWhileDeaf() {
    guard isDeaf, !isStopping else { return }
    if redis.isReady { distrustSessions() }
    eventLoop.assumeIsolated().scheduleTask(in: Self.deafInterval) { self.distrustWhileDeaf() }
  }

  /// Every session is looked up again, before its next use or soon.
  private func distrustSessions() {
    for connection in bySession.values.flatMap(\.values) { connection.distrustSession() }
    forEach(Array(bySession.keys)[...]) { session in
      self.redis.perform(Sessions.exists(session)) { result in
        if case .success(false) = result { self.sessionEnded(session) }
      }
    }
  }

  /// An open connection uses its session, also if nothing is asked for days: a listener may have nothing to say.
  private func keepSessions() {
    eventLoop.assumeIsolated().scheduleTask(in: Self.sessionUse) {
      if self.isStopping { return }
      self.forEach(Array(self.bySession.keys)[...]) { self.keep($0) }
      self.keepSessions()
    }
  }

  private func keep(_ session: SessionID) {
    let now = WallClock.now()
    redis.perform(Sessions.use(session, at: now)) { result in
      guard case .success(let found) = result else { return }
      guard let found else { return self.sessionEnded(session) }
      self.redis.perform(Sessions.enterInIndex(found, at: now)) { _ in }
    }
  }

  /// A hundred at a time, so that other requests are not crowded out.
  private func forEach(_ sessions: ArraySlice<SessionID>, _ body: @escaping (SessionID) -> Void) {
    for session in sessions.prefix(100) { body(session) }
    if sessions.count > 100 {
      eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) { self.forEach(sessions.dropFirst(100), body) }
    }
  }

  // MARK: Flushing

  /// The connection has something to write. All of this turn of the loop leaves together when the turn ends.
  func scheduleFlush(of connection: ConnectionHandler) {
    if unflushed.isEmpty {
      eventLoop.assumeIsolated().execute {
        let connections = self.unflushed
        self.unflushed.removeAll(keepingCapacity: true)
        for connection in connections { connection.flush() }
        self.telemetry.turnEnded()
      }
    }
    unflushed.append(connection)
  }

  // MARK: Pages

  /// Runs `read` when fewer than eight pages are being read: each can be megabytes in Redis's output buffer. Users take turns,
  /// however many connections one of them has. (Each connection waits for one page at most.)
  func startPageRead(for user: AccountName, _ read: @escaping () -> Void) {
    guard pageReads < Self.maximumPageReads else {
      _ = waitingPageReads.append(read, of: user)
      return
    }
    pageReads += 1
    read()
  }

  /// A page has been read, or could not be.
  func finishPageRead() {
    pageReads -= 1
    guard let next = waitingPageReads.popFirst() else { return }
    pageReads += 1
    // Not within this call: a read that fails at once would come back here, one call deeper for each that waits.
    eventLoop.assumeIsolated().execute(next)
  }

  // MARK: Errors

  /// Logs a failure of Redis, each kind at most every ten seconds.
  func report(_ error: RedisError, during command: String) {
    let key = "\(error)"
    let now = NIODeadline.now()
    if let last = lastReports[key], now < last + .seconds(10) { return }
    if lastReports.count > 100 { lastReports.removeAll() }
    lastReports[key] = now
    logger.warning("\(error)", metadata: ["command": "\(command)"])
  }

  // MARK: Stopping

  /// Ends all connections once their replies have left; the future succeeds when none is left.
  func stop() -> EventLoopFuture<Void> {
    isStopping = true
    for connection in connections.values { connection.end(confirming: false) }
    return whenEmpty()
  }

  /// Succeeds when no connection is left.
  func whenEmpty() -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    if let emptied { promise.futureResult.cascade(to: emptied) }
    emptied = promise
    if connections.isEmpty { promise.succeed() }
    return promise.futureResult
  }

  /// Ends what is left, whatever it waits for.
  func stopNow() {
    for connection in connections.values { connection.close() }
    redis.close()
  }
}

extension NIOLoopBound<Worker> {
  /// Does something on the worker's loop, soon.
  func execute(_ body: @escaping @Sendable (Worker) -> Void) { eventLoop.execute { body(value) } }
}
