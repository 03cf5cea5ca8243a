// From a stored message to those who listen for it: which nodes and event loops are told, and when.
// Never makes a notice the truth: a message that one carries is in the inbox, too.
// On the event loop of the worker.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

extension Worker {
  /// How old the last call of another place may be, in milliseconds. Soon after an outage of Redis its length is added: as long
  /// none could call.
  var placePatience: Int {
    let patience = TimeAmount.milliseconds(Int64(Inboxes.placePatience))
    guard let since = redis.readySince, since + patience > .now() else { return Inboxes.placePatience }
    return Inboxes.placePatience + Int(redis.lastOutage.nanoseconds / 1_000_000)
  }

  /// With so many requests to Redis at a time no message is carried to its listener any more: those that wait there are read many
  /// at a time, which costs less.
  private static let busyFrom = 4

  /// Whether a message had better reach its listener at once, at the price of a script and a notice for it alone.
  var isQuiet: Bool { max(redis.requestsInFlight, redis.requestsInLastWrite) < Self.busyFrom }

  /// The other nodes on which somebody listens for the user.
  func othersListening(for user: AccountName) -> [NodeID] { presence.listeningNodes(of: user).filter { $0 != node } }

  /// A message for the user is about to be stored, with the next request to Redis. These nodes are told on the same connection
  /// behind it: it is there when they look.
  func announceMail(for user: AccountName, on nodes: [NodeID]) {
    for node in nodes { note(user, on: node) }
  }

  /// The message is stored: who listens on this node, whose other event loops have connections of their own to Redis, is told
  /// now, and so is every node that was not listening when it left.
  func mailStored(for user: AccountName, told: [NodeID]) {
    for node in presence.listeningNodes(of: user) where !told.contains(node) { note(user, on: node) }
  }

  /// What one turn of the loop notes leaves together when it ends: as a rule in the same write as the messages.
  private func note(_ user: AccountName, on node: NodeID) {
    if mailNotices.isEmpty { eventLoop.assumeIsolated().execute { self.sendMailNotices() } }
    mailNotices.note(user, on: node)
  }

  private func sendMailNotices() {
    for (node, users) in mailNotices.take() {
      guard node == self.node else {
        // Nobody waits for the outcome: its feeds look by themselves, too.
        redis.perform(Presence.announceMail(for: users, on: node)) { _ in }
        continue
      }
      for (loop, users) in feedLoops.feeds(of: users) {
        if loop == index { mailArrived(for: users) } else { siblings[loop].execute { $0.mailArrived(for: users) } }
      }
    }
  }

  /// These users have new messages.
  func mailArrived(for users: [AccountName]) { feeds.wake(users) }

  /// This user has a new message, with this number.
  func messageArrived(_ message: MessageRecord, sequence: Int, for user: AccountName) {
    feeds.arrived(message, sequence: sequence, for: user)
  }

  /// Notices may have been missed.
  func mailMayHaveArrived() { feeds.wakeAll() }
}
