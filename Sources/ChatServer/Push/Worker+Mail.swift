// From a stored message to those who listen for it: which nodes and event loops are told, and when.
// Never carries a message: a notice says that there is one.
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

  /// A message for the user is about to be stored, with the next request to Redis. Other nodes on which somebody listens for her
  /// are told on the same connection behind it: it is there when they look. Answers which these are.
  func announceMail(for user: AccountName) -> [NodeID] {
    let others = presence.listeningNodes(of: user).filter { $0 != node }
    for other in others { note(user, on: other) }
    return others
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
        redis.perform(Presence.tell(node, .mail(Array(users)))) { _ in }  // a hint: its feeds look by themselves, too
        continue
      }
      for (loop, users) in feedLoops.feeds(of: users) {
        if loop == index { mailArrived(for: users) } else { siblings[loop].execute { $0.mailArrived(for: users) } }
      }
    }
  }

  /// These users have new messages.
  func mailArrived(for users: [AccountName]) { feeds.wake(users) }

  /// Notices may have been missed.
  func mailMayHaveArrived() { feeds.wakeAll() }
}
