// One user's feed on one event loop: carries the decisions of FeedState out.
// Never answers an `ack` before Redis has taken it.
// On its event loop.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient

/// Reads a user's inbox for the connections that listen here, one call at a time, and confirms for them.
final class InboxFeed {
  /// An `ack` that waits for its call.
  private struct Waiter {
    let sequence: Int
    let connection: ConnectionHandler
    let ticket: ReplyTicket
  }

  /// After a failure of Redis, until the next try.
  private static let pause = TimeAmount.milliseconds(500)

  /// Of so many looks one reads.
  private static let looksPerReading = 2

  let user: AccountName
  private unowned let worker: Worker
  private var state: FeedState
  private var listeners: [ObjectIdentifier: ConnectionHandler] = [:]
  private var waiters: [Waiter] = []
  private var looks = 0
  /// The first looks of a new listener are still to come.
  var isLookingSoon = false

  init(of user: AccountName, place: String, on worker: Worker) {
    (self.user, self.worker) = (user, worker)
    state = FeedState(place: place, windowLimit: worker.configuration.pushWindow)
  }

  var isEmpty: Bool { listeners.isEmpty }
  var listenerCount: Int { listeners.count }

  // MARK: Listeners

  func add(_ connection: ConnectionHandler) {
    listeners[ObjectIdentifier(connection)] = connection
    state.add(ObjectIdentifier(connection))
    advance()
  }

  /// The last one to leave tells the inbox that nothing must wait for this place.
  func remove(_ connection: ConnectionHandler) {
    guard listeners.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    state.remove(ObjectIdentifier(connection))
    if isEmpty { look() } else { advance() }
  }

  /// The connection's client reads again.
  func readsAgain(_ connection: ConnectionHandler) {
    state.readsAgain(ObjectIdentifier(connection))
    advance()
  }

  // MARK: Messages

  /// There may be new messages.
  func wake() {
    state.wake()
    advance()
  }

  /// A message has just been stored, with this number. As with a reading, Redis is told before the client that it is shown.
  func arrived(_ message: MessageRecord, sequence: Int) {
    guard worker.redis.isReady else { return wake() }
    var isNoted = false
    state.arrived(message, sequence) { listener, record, sequence, isRedelivered in
      if !isNoted { worker.redis.send(Inboxes.noteShown(of: user, upTo: sequence)) { _ in } }
      isNoted = true
      return push(record, sequence, isRedelivered, to: listener)
    }
    advance()
  }

  /// Writes a message to a listener; `false` if its client does not read.
  private func push(
    _ record: MessageRecord, _ sequence: Int, _ isRedelivered: Bool, to listener: ObjectIdentifier
  ) -> Bool {
    guard let connection = listeners[listener] else { return true }
    connection.push(.message(record, sequence: sequence, isRedelivered: isRedelivered))
    return connection.listening?.takesEvents ?? false
  }

  /// Finds a wake-up that was lost: as a rule by the length of the list alone, which costs Redis next to nothing; now and then
  /// by reading, which also says that this place lives.
  func compare() {
    guard worker.redis.isReady else { return }
    state.tick()
    looks += 1
    guard looks % Self.looksPerReading != 0, let length = state.length else { return look() }
    worker.redis.perform(Inboxes.length(of: user)) { result in
      if case .success(let now) = result, now != length, self.state.length == length { self.state.compare() }
      self.advance()
    }
  }

  /// Reads on, and says that this place lives.
  func look() {
    state.compare()
    advance()
  }

  /// What `ack` with this number means for a listener.
  func find(_ sequence: Int, for connection: ConnectionHandler) -> PushWindow.Found {
    state.find(sequence, for: ObjectIdentifier(connection))
  }

  /// Confirms what a listener was sent; the reply takes the ticket's place when Redis has taken it.
  func acknowledge(_ message: MessagePlace, on connection: ConnectionHandler, _ ticket: ReplyTicket) {
    waiters.append(Waiter(sequence: message.sequence, connection: connection, ticket: ticket))
    state.acknowledge(message)
    advance()
  }

  private func advance() {
    guard let (call, confirming) = state.nextCall() else { return }
    let waiting = waiters
    waiters = []
    let deadline = waiting.map(\.ticket.deadline).min()
    let request = Inboxes.advance(of: user, confirming: confirming, call, patience: worker.placePatience)
    worker.redis.perform(request, deadline: deadline) { result in
      switch result {
      case .success(.some(let answer)): self.answered(answer, to: call, waiting)
      case .success(.none):
        // The account is gone, or disabled: its sessions end by themselves.
        self.failed(waiting, .unknownMessage)
      case .failure(let error):
        self.worker.report(error, during: "listen")
        self.failed(waiting, .store(error))
      }
    }
  }

  private func answered(_ answer: FeedAnswer, to call: FeedCall, _ waiting: [Waiter]) {
    state.answered(answer, to: call) { push($1, $2, $3, to: $0) }
    for waiter in waiting {
      let isTaken = waiter.sequence <= answer.confirmed
      waiter.connection.reply(waiter.ticket, isTaken ? .confirmed(answer.confirmed) : .refused(.unknownMessage))
    }
    advance()
  }

  private func failed(_ waiting: [Waiter], _ refusal: Refusal) {
    for waiter in waiting { waiter.connection.reply(waiter.ticket, .refused(refusal)) }
    tryLater()
  }

  /// While there is no connection, thousands of feeds must not fill the queue to Redis: only an `ack` is worth a place, which
  /// has a client that waits for its answer.
  private func tryLater() {
    worker.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
      if self.waiters.isEmpty, !self.worker.redis.isReady, !self.isEmpty { return self.tryLater() }
      self.state.failed()
      self.advance()
    }
  }
}
