// One client connection: lines in, replies out in their order, bounded in both directions.
// Never decides what a command does (Dispatch does), never reads on while it owes too much.
// A channel handler on one event loop.

import ChatProtocol
import ChatState
import Logging
import NIOCore
import RedisClient

/// The handler of a client's channel.
final class ConnectionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    case open
    /// No more lines; the connection ends when all replies are written.
    case ending(confirming: Bool)
    /// Replies are written, the last messages may still be confirmed by the peer's TCP.
    case lingering
    case closed
  }

  /// Bytes of unread requests beyond which nothing more is read from the socket.
  private static let inputBound = 64 * 1024
  /// How long a client that has ended its requests may take to read the replies.
  private static let writingPatience = TimeAmount.seconds(30)

  let worker: Worker
  private(set) var binding: Binding?
  private var context: ChannelHandlerContext?
  private var phase = Phase.open
  private var framer = LineFramer()
  private var arrivals = ArrivalTimes()
  private var replies = ReplyQueue()
  private var outbox = ByteBuffer()
  private var isFlushScheduled = false
  private var delivery: Delivery?
  private var deliveries = 0
  private var isDeliveryInOutbox = false
  private var confirmsByAck = false
  /// The feed that this connection listens to.
  private(set) var feed: InboxFeed?
  /// Events wait in Redis because the client doesn't read.
  private var isPushPaused = false
  /// Since when the client reads nothing.
  private var slowSince: NIODeadline?
  private var isWatchedAsSlow = false
  private var lastStored: ReplyTicket?
  private var peerHasEnded = false
  /// Commands that must finish before the next line is looked at.
  private var holds = 0
  private var isProcessing = false
  private var isReadWithheld = false

  init(worker: Worker) { self.worker = worker }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    worker.opened(self)
    if worker.isStopping { end(confirming: false) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    phase = .closed
    delivery = nil
    unbind()
    worker.closed(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .open = phase else { return }  // what comes behind `quit` is thrown away
    var bytes = unwrapInboundIn(data)
    framer.append(&bytes)
    arrivals.note(received: framer.received, now: .now())
    processLines()
  }

  func read(context: ChannelHandlerContext) {
    if mayRead { context.read() } else { isReadWithheld = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      slowSince = nil
      arrivals.restart(now: .now())
      resumePushing()
      processLines()
    } else {
      slowSince = .now()
      watchSlowConsumer()
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event {
      peerHasEnded = true
      processLines()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    delivery = nil  // a reset confirms nothing
    close()
  }

  // MARK: Requests

  private var mayRead: Bool {
    guard case .open = phase else { return true }
    // Of a listening client that reads nothing we must see whether it asks on: see `judgeSlowConsumer`.
    return framer.waiting < Self.inputBound && (feed != nil || context?.channel.isWritable ?? false)
  }

  private var mayProcess: Bool {
    guard case .open = phase, holds == 0, let context else { return false }
    return context.channel.isWritable && replies.count < worker.configuration.pipelineDepth
  }

  /// A command may finish at once and release the next line while this still runs: the loop here goes on, not a second one.
  private func processLines() {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    while mayProcess {
      switch framer.next() {
      case .line(let line, let place): process(line, at: place)
      case .tooLong:
        reply(replies.reserve(deadline: .now()), .refused(.lineTooLong))
        end(confirming: false)
      case .needsMoreBytes:
        arrivals.keepLast()
        if peerHasEnded { end(confirming: true) }
        return resumeReading()
      }
    }
    resumeReading()
  }

  private func process(_ line: ByteBuffer, at place: Range<Int>) {
    let start = place.lowerBound
    let arrival = arrivals.arrival(ofByteBefore: place.upperBound, now: .now())
    let deadline = arrival + worker.configuration.requestTimeout
    do throws(Refusal) {
      guard let command = try CommandParser.parse(line.readableBytesUInt8Span) else { return }
      if case .ack = command { confirmsByAck = true }
      confirmDelivery { $0.isConfirmed(byLineAt: start) }
      Dispatch.run(command, on: self, replies.reserve(deadline: deadline))
    } catch {
      // What is no command confirms nothing: it may have been meant as an `ack`.
      reply(replies.reserve(deadline: deadline), .refused(error))
    }
  }

  private func resumeReading() {
    guard isReadWithheld, mayRead, let context else { return }
    isReadWithheld = false
    context.read()
  }

  /// No line is looked at until `release` was called as often.
  func hold() { holds += 1 }

  func release() {
    holds -= 1
    processLines()
  }

  // MARK: Session

  /// Binds the connection to a session, in place of the one before; the future succeeds when Redis knows that the user
  /// is active here.
  func bind(_ session: Session, token: SessionToken) -> EventLoopFuture<Void> {
    unbind()
    if case .closed = phase { return worker.eventLoop.makeSucceededVoidFuture() }
    binding = Binding(session, token: token, checkedAt: .now())
    worker.bound(self, to: session.id)
    return worker.membership.change(
      session.user, connections: 1, listeners: 0, graceful: true, on: worker.eventLoop)
  }

  /// Lets go of the session; the future succeeds when Redis knows. `sessionEnded`: the user is not coming back with it, so
  /// she stays active only where she has other connections.
  @discardableResult
  func unbind(sessionEnded: Bool = false) -> EventLoopFuture<Void> {
    guard let session = binding?.session else { return worker.eventLoop.makeSucceededVoidFuture() }
    let listeners = isListening ? -1 : 0
    endFeed()
    binding = nil
    worker.unbound(self, from: session.id)
    return worker.membership.change(
      session.user, connections: -1, listeners: listeners, graceful: !sessionEnded, on: worker.eventLoop)
  }

  /// The session was ended elsewhere.
  func sessionEnded() {
    if isListening { push(.sessionEnded) }
    unbind(sessionEnded: true)
  }

  func distrustSession() { binding?.checkedAt = nil }

  func trustSession() { binding?.checkedAt = .now() }

  /// Where the client is, for the operator.
  var remoteAddress: String { context?.remoteAddress.map { $0.ipAddress ?? "\($0)" } ?? "unknown" }

  // MARK: Events

  /// Whether events come on this connection.
  var isListening: Bool { feed != nil }

  /// The reply to `listen` has had its turn.
  private func startListening() {
    defer { release() }
    guard !isListening, let user = binding?.session.user, case .open = phase else { return }
    confirmsByAck = true
    let feed = worker.feeds.add(self, for: user)
    self.feed = feed
    // Once Redis knows, others may have stored without telling us.
    worker.membership.change(user, connections: 0, listeners: 1, graceful: true, on: worker.eventLoop)
      .assumeIsolated().whenComplete { _ in feed.wake() }
  }

  /// No more events from here on.
  func stopListening() {
    guard isListening, let user = binding?.session.user else { return }
    endFeed()
    _ = worker.membership.change(user, connections: 0, listeners: -1, graceful: true, on: worker.eventLoop)
  }

  private func endFeed() {
    guard let feed else { return }
    self.feed = nil
    worker.feeds.remove(self, from: feed)
    worker.stopWatching(self)
  }

  /// Whether the client reads quickly enough for another event. If not, it is told when it does: see `resumePushing`.
  var takesEvents: Bool {
    isPushPaused =
      !(context?.channel.isWritable ?? false) || outbox.readableBytes >= worker.configuration.outboxBytes
    return !isPushPaused
  }

  /// Writes an event.
  func push(_ event: Event) {
    worker.scratch.removeAll(keepingCapacity: true)
    event.encode(into: &worker.scratch)
    outbox.writeBytes(worker.scratch)
    scheduleFlush()
  }

  /// The client has read: on with the events.
  private func resumePushing() {
    guard isPushPaused, let context, context.channel.isWritable else { return }
    isPushPaused = false
    feed?.readsAgain(self)
    worker.tellMissedPresence(to: self)
  }

  /// The client has not been reading, while requests of its own wait: events are in Redis, but replies would pile up.
  private func watchSlowConsumer() {
    guard feed != nil, !isWatchedAsSlow, let context else { return }
    isWatchedAsSlow = true
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: worker.configuration.slowConsumerPatience) {
      bound.value.judgeSlowConsumer()
    }
  }

  private func judgeSlowConsumer() {
    isWatchedAsSlow = false
    guard feed != nil, case .open = phase, let context, !context.channel.isWritable else { return }
    // Since the last look nothing was taken off its hands, or the channel would have become writable.
    guard framer.waiting > 0, slowSince.map({ .now() >= $0 + worker.configuration.slowConsumerPatience }) ?? false
    else { return watchSlowConsumer() }
    worker.logger.info("closing a slow consumer", metadata: ["address": "\(remoteAddress)"])
    stopListening()
    push(.closing(.slowConsumer))
    replies.removeAll()
    end(confirming: false)
  }

  // MARK: Replies

  /// Puts a reply into its place; all that is due leaves at the end of this turn of the loop.
  func reply(_ ticket: ReplyTicket, _ reply: Reply) {
    replies.fulfill(ticket, reply)
    while let next = replies.next() {
      worker.scratch.removeAll(keepingCapacity: true)
      next.encode(into: &worker.scratch)
      outbox.writeBytes(worker.scratch)
      switch next {
      case .inbox(let page): noteDelivery(of: page)
      case .listening: startListening()
      default: break
      }
    }
    scheduleFlush()
  }

  /// A page has its turn among the replies: from here on it may be confirmed, once it is written.
  private func noteDelivery(of page: InboxPage) {
    guard let user = page.reader else { return }
    deliveries += 1
    delivery = Delivery(page, of: user, number: deliveries)
    isDeliveryInOutbox = delivery != nil
  }

  private func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    worker.scheduleFlush(of: self)
  }

  /// Called by the worker at the end of a turn.
  func flush() {
    isFlushScheduled = false
    guard let context else { return }
    if outbox.readableBytes > 0 {
      let bytes = outbox
      outbox = ByteBuffer()
      if isDeliveryInOutbox {
        writeDelivery(bytes)
      } else {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      }
    }
    if case .ending(let confirming) = phase, replies.count == 0 { finish(confirming: confirming) }
    resumePushing()
    processLines()
  }

  /// Only a write that carries messages needs to know when it is done, and what had arrived by then: a line that was in
  /// the kernel before was sent before the client saw the page, although it is read after it.
  private func writeDelivery(_ bytes: ByteBuffer) {
    isDeliveryInOutbox = false
    guard let context, let number = delivery?.number else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    TCPInfo.read(from: context.channel) { before in
      let connection = bound.value
      guard let context = connection.context else { return }
      let promise = context.eventLoop.makePromise(of: Void.self)
      context.writeAndFlush(connection.wrapOutboundOut(bytes), promise: promise)
      // As a rule the kernel takes it all at once. Asking it afterwards would count a quick client's next line too.
      var isAtOnce = true
      promise.futureResult.assumeIsolated().whenSuccess {
        if isAtOnce { return connection.deliveryWasWritten(number, before) }
        TCPInfo.read(from: connection.context?.channel) { bound.value.deliveryWasWritten(number, $0) }
      }
      isAtOnce = false
    }
  }

  private func deliveryWasWritten(_ number: Int, _ info: TCPInfo?) {
    guard let info, delivery?.number == number else { return }
    delivery?.written(received: max(framer.received, info.receivedBytes))
  }

  private func confirmDelivery(if confirmed: (Delivery) -> Bool) {
    guard !confirmsByAck, let delivery, confirmed(delivery) else { return }
    self.delivery = nil
    ConfirmDelivery.run(delivery, on: worker)
  }

  /// How a message is known again, if it was shown on this connection.
  func mark(of sequence: Int, shownTo user: AccountName) -> [UInt8]? {
    delivery.flatMap { $0.user == user ? $0.mark(of: sequence) : nil }
  }

  /// A message of this connection is stored.
  func noteStored(_ ticket: ReplyTicket) { lastStored = max(lastStored ?? ticket, ticket) }

  /// Whether a message of this connection that was sent later is stored already.
  func hasStored(after ticket: ReplyTicket) -> Bool { lastStored.map { $0 > ticket } ?? false }

  // MARK: Ending

  /// Takes no more lines; ends the connection when all replies are written. `confirming`: the client asked for the end
  /// (`quit` or FIN), so messages that its TCP has taken are confirmed.
  func end(confirming: Bool) {
    guard case .open = phase else { return }
    phase = .ending(confirming: confirming)
    scheduleFlush()
  }

  private func finish(confirming: Bool) {
    phase = .lingering
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let patience = context.eventLoop.scheduleTask(in: Self.writingPatience) { bound.value.close() }
    // An empty write is done when all before it are: the kernel has taken every reply.
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    written.futureResult.whenComplete { result in
      patience.cancel()
      guard case .success = result else { return bound.value.close() }
      bound.value.awaitReceipt(confirming: confirming)
    }
  }

  private func awaitReceipt(confirming: Bool) {
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    PeerReceipt.wait(for: context.channel, needed: confirming && delivery != nil) { taken in
      let connection = bound.value
      if taken { connection.confirmDelivery { $0.isWritten } }
      connection.hangUp()
    }
  }

  /// Says that nothing more comes, and closes when the peer has said so too, or after a second. Closing at once would
  /// reset a connection with unread input, and the reset could overtake the last reply.
  private func hangUp() {
    guard let context else { return }
    if peerHasEnded { return close() }
    context.close(mode: .output, promise: nil)
    isReadWithheld = false
    context.read()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.close() }
  }

  /// Closes at once.
  func close() { context?.close(promise: nil) }
}
