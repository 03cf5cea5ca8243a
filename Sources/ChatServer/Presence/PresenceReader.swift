// Keeps the view of the other nodes: takes in their announcements, and reads from Redis what was missed.
// Never believes a list of nodes, or a node's users, that is older than what it knows by announcement.
// On the first event loop of the process.

import ChatState
import DequeModule
import Logging
import NIOCore
import RedisClient

/// Listens first, then reads: what is announced meanwhile is kept and taken in afterwards. One node is read at a time, and
/// whatever fails is tried again until it works.
final class PresenceReader {
  private static let retry = TimeAmount.milliseconds(200)
  /// Announcements that may wait, for their turn or for the node that is being read. Beyond it everything is read anew.
  private static let maximumWaiting = 4096

  private let redis: RedisClient
  private let writer: PresenceWriter
  private let logger: Logger
  private var arrived = Deque<[UInt8]>()
  private var isDraining = false
  /// Nodes to read, in this order; the first may be on its way.
  private var wanted: [NodeID] = []
  private var isReading = false
  /// What wanted nodes have announced meanwhile.
  private var kept: [NodeID: [PresenceAnnouncement]] = [:]
  private var keptCount = 0
  private var needsList = false
  /// How often everything had to be read: an answer to an earlier question may lack what was missed since.
  private var round = 0
  private var isSubscribed = false
  private var isStopped = false

  init(redis: RedisClient, writer: PresenceWriter, logger: Logger) {
    (self.redis, self.writer, self.logger) = (redis, writer, logger)
  }

  // MARK: Announcements

  /// All channels are subscribed (again): whatever was announced before may have been missed.
  func subscribed() {
    isSubscribed = true
    writer.presence.setSubscribed(true)
    readEverything()
  }

  /// Nothing is heard any more.
  func lost() {
    isSubscribed = false
    writer.presence.setSubscribed(false)
  }

  /// An announcement, as it came. Only noted: it is taken in at the end of this turn of the loop.
  func received(_ payload: [UInt8]) {
    if arrived.count >= Self.maximumWaiting { return readEverything() }
    arrived.append(payload)
    guard !isDraining else { return }
    isDraining = true
    redis.eventLoop.assumeIsolated().execute { self.drain() }
  }

  private func drain() {
    isDraining = false
    let payloads = arrived
    arrived.removeAll(keepingCapacity: true)
    let announcements = payloads.compactMap { PresenceAnnouncement(String(decoding: $0, as: UTF8.self)) }
    for announcement in announcements {
      switch announcement {
      case .changes(let node, _, _), .gone(let node):
        if wanted.contains(node) { keep(announcement, of: node) } else { take(announcement, of: node) }
      }
    }
  }

  private func keep(_ announcement: PresenceAnnouncement, of node: NodeID) {
    kept[node, default: []].append(announcement)
    keptCount += 1
    if keptCount > Self.maximumWaiting { readEverything() }
  }

  private func take(_ announcement: PresenceAnnouncement, of node: NodeID) {
    guard !writer.update({ $0.apply(announcement, at: $1) }) else { return }
    logger.debug("a gap in the announcements of a node", metadata: ["peer": "\(node)"])
    read(node)
  }

  // MARK: Nodes

  /// The other nodes that are known now: to be asked before a list of all nodes is, and given to `learn` with it.
  func others() -> Set<NodeID> { writer.presence.update { $0.others } }

  /// These nodes there were at some moment after `known` was asked for. Who is missing has gone; who is new is read.
  func learn(_ nodes: [NodeID], knownBefore known: Set<NodeID>) {
    writer.presence.noteRenewal()
    drop(known.subtracting(nodes))
    let strangers = Set(nodes).subtracting(others())
    for node in nodes where strangers.contains(node) { read(node) }
  }

  /// A node that joined after the list was made is not in it, and not to be dropped: hence only those known before.
  private func drop(_ nodes: Set<NodeID>) {
    for node in nodes { writer.update { $0.remove(node, at: $1) } }
  }

  /// The node stops: no more questions.
  func stop() { isStopped = true }

  // MARK: Reading

  private func readEverything() {
    writer.presence.setComplete(false)
    needsList = true
    // What has arrived and what was kept will be in what is read.
    arrived.removeAll(keepingCapacity: true)
    kept = [:]
    keptCount = 0
    round += 1
    goOn()
  }

  private func read(_ node: NodeID) {
    guard !wanted.contains(node), writer.presence.own != node else { return }
    wanted.append(node)
    goOn()
  }

  /// The next question, if none is on its way.
  private func goOn() {
    guard !isReading, !isStopped else { return }
    if needsList {
      readList()
    } else if let node = wanted.first {
      readUsers(of: node)
    } else if isSubscribed {
      writer.presence.setComplete(true)
    }
  }

  private func finish(_ hasWorked: Bool) {
    guard !hasWorked else {
      isReading = false
      return goOn()
    }
    redis.eventLoop.assumeIsolated().scheduleTask(in: Self.retry) {
      self.isReading = false
      self.goOn()
    }
  }

  private func readList() {
    isReading = true
    let (known, asked) = (others(), round)
    redis.perform(Presence.nodes) { result in
      guard case .success(let nodes) = result, asked == self.round else { return self.finish(false) }
      self.needsList = false
      self.drop(known.subtracting(nodes))
      let own = self.writer.presence.own
      self.wanted = nodes.filter { $0 != own } + self.wanted.filter { !nodes.contains($0) }
      self.finish(true)
    }
  }

  /// The version first: the users may be newer than it, never older.
  private func readUsers(of node: NodeID) {
    isReading = true
    let asked = round
    var version: Result<Int?, RedisError>?
    redis.perform(Presence.version(of: node)) { version = $0 }
    redis.perform(Presence.users(of: node)) { result in
      self.wanted.removeAll { $0 == node }
      guard asked == self.round, case .success(let users) = result, case .success(let version) = version else {
        self.wanted.append(node)  // one that can't be read does not keep the others waiting
        return self.finish(false)
      }
      self.writer.update { view, now in
        if let version {
          view.replace(node, with: users, version: version, at: now)
        } else {
          view.remove(node, at: now)
        }
      }
      let kept = self.kept.removeValue(forKey: node) ?? []
      self.keptCount -= kept.count
      if version != nil { for announcement in kept { self.take(announcement, of: node) } }
      self.finish(true)
    }
  }
}
