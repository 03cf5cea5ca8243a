// One client connection: lines in, replies out in their order, bounded in both directions.
// Never decides what a command does (Dispatch does), never reads on while it owes too much.
// A channel handler on one event loop.

import ChatProtocol
import ChatState
import NIOCore
import RedisClient
import TLS

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

  let worker: Worker
  /// Which of its event loop's connections this is, from 1.
  let number: Int
  var binding: Binding?
  private(set) var context: ChannelHandlerContext?
  private var phase = Phase.open
  private(set) var framer = LineFramer()
  private var arrivals = ArrivalTimes()
  private var replies = ReplyQueue()
  private var outbox: [UInt8] = []
  /// How many bytes left at the last flush: as many as the next buffer takes at first, instead of growing in steps.
  private var usualOutbox: UInt16 = 0
  private var isFlushScheduled = false
  /// What waits for its turn among the replies.
  private var turn: (ticket: ReplyTicket, body: () -> Void)?
  var deliveries = Deliveries()
  /// Set while events come on this connection.
  var listening: Listening?
  /// `logout` is on its way here: its reply tells the client, no event needs to.
  var isLoggingOut = false
  /// Where the client is; first the proxy, if there is one, until its header has come. Known as long as this lives: what is
  /// counted against an address must not get lost with the connection.
  var client: IPAddress?
  /// Bytes of the header in which it says so: the kernel counts them, the lines don't.
  var proxyHeaderBytes = 0
  /// As whose connection it was admitted; `nil` if its proxy has still to say whose it is.
  var admittedSource: LoginSource?
  var times: ConnectionTimes
  /// What may be asked without a session.
  var anonymousBucket = TokenBucket()
  /// More commands came than may: no line is looked at until there is a token again.
  var isThrottled = false
  /// When it has to go elsewhere: the node drains.
  var departure: NIODeadline?
  /// It had its time: what has been received is still answered, no more is read.
  private var isDeparting = false
  private var lastStored: ReplyTicket?
  private(set) var peerHasEnded = false
  /// And it reads nothing more.
  private var hasStoppedReading = false
  /// What has come out of TLS and of WebSocket frames, to be compared with what the kernel has received; `nil`: lines come as they are.
  var meter: (any InputMeter)?
  let isBehindTLS: Bool
  /// A page that was written when the kernel had received so many bytes, not all of whose content has come.
  var pageBeforeInput: (number: Int, bytes: Int)?
  /// The peer's TCP has ended and its TLS has not: this may be somebody else's doing, and confirms nothing.
  private var isCut = false
  /// Commands that must finish before the next line is looked at.
  private var holds = 0
  private var isProcessing = false
  private var isReadWithheld = false

  /// Without a `source` the peer is a proxy, whose header comes first. `isIntroduced`: lines can come at once.
  init(
    worker: Worker, meter: (any InputMeter)?, isBehindTLS: Bool, peer: IPAddress?, admittedFrom source: LoginSource?,
    isIntroduced: Bool
  ) {
    (self.worker, self.meter, self.isBehindTLS) = (worker, meter, isBehindTLS)
    (client, admittedSource) = (peer, source)
    number = worker.nextConnectionNumber()
    times = ConnectionTimes(isIntroduced: isIntroduced, now: .now())
  }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    worker.opened(self)
    traceLife("connected")
    if worker.isStopping { end(confirming: false) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    phase = .closed
    traceLife("disconnected")
    deliveries.forget()
    unbind()
    worker.admission.leave(from: admittedSource)
    worker.closed(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .open = phase else { return }  // what comes behind `quit` is thrown away
    var bytes = unwrapInboundIn(data)
    worker.telemetry.received(bytes.readableBytes)
    framer.append(&bytes)
    let now = NIODeadline.now()
    arrivals.note(received: framer.received, now: now)
    times.bytesArrived(at: now)
    listening?.requestsArrived()
    placePage()
    processLines(now: now)
  }

  func read(context: ChannelHandlerContext) {
    if mayRead { context.read() } else { isReadWithheld = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    listening?.setBlocked(!context.channel.isWritable)
    if context.channel.isWritable {
      arrivals.restart(now: .now())
      listening?.resume()
      processLines()
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event {
      peerHasEnded = true
      placePage()
      processLines()
    } else if ServerTLS.isHandshakeDone(event) {
      times.introduced(at: .now())
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if isBehindTLS, TLSFailure.isCut(error) {
      isCut = true  // what was asked before is answered; FIN or the end of the channel comes next
      return
    }
    deliveries.forget()
    close()
  }

  /// Nobody reads replies any more.
  var isClosed: Bool { if case .closed = phase { true } else { false } }

  /// No more lines are taken.
  var isEnding: Bool { if case .open = phase { false } else { true } }

  // MARK: Requests

  private var mayRead: Bool {
    guard case .open = phase else { return true }
    if isDeparting { return false }
    // Of a listening client that reads nothing we must see whether it asks on: see `Listening`.
    return framer.waiting < Self.inputBound && (isListening || context?.channel.isWritable ?? false)
  }

  private var mayProcess: Bool {
    guard case .open = phase, holds == 0, !isThrottled else { return false }
    return hasRoom && replies.count < worker.configuration.pipelineDepth
  }

  /// A command may finish at once and release the next line while this still runs: the loop here goes on, not a second one. One look
  /// at the clock serves all lines.
  private func processLines(now: NIODeadline = .now()) {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    while mayProcess {
      switch framer.next() {
      case .line(let line, let place): process(line, at: place, now: now)
      case .tooLong:
        worker.telemetry.refused(by: .lineLength)
        reply(replies.reserve(deadline: now), .refused(.lineTooLong))
        end(confirming: false)
      case .needsMoreBytes:
        arrivals.keepLast()
        times.lineIsOpen(framer.waiting > 0 || meter?.isPartWaiting == true, at: now)
        if peerHasEnded { endOfInput() } else if isDeparting { end(confirming: false) }
        return resumeReading()
      }
    }
    resumeReading()
  }

  private func process(_ line: ByteBuffer, at place: Range<Int>, now: NIODeadline) {
    let start = place.lowerBound
    if meter?.isPartWaiting != true { times.lineEnded() }
    let arrival = arrivals.arrival(ofByteBefore: place.upperBound, now: now)
    let deadline = arrival + worker.configuration.requestTimeout
    // What is no command, or one too many, confirms nothing: it may have been meant as an `ack`.
    do throws(Refusal) {
      guard let command = try CommandParser.parse(line.readableBytesUInt8Span) else {
        // Nobody waits for an answer to an empty line; that the next one waits is enough.
        _ = takeToken(for: nil, now: now)
        return
      }
      if let refusal = takeToken(for: command, now: now) ?? shed(command, now: now) {
        return reply(replies.reserve(deadline: deadline, for: command.word), .refused(refusal))
      }
      if case .ack = command { deliveries.confirmsByAck = true }
      if let delivery = deliveries.confirmed(byLineAt: start) { ConfirmDelivery.run(delivery, on: worker) }
      Dispatch.run(command, on: self, replies.reserve(deadline: deadline, for: command.word), now: now)
    } catch {
      reply(replies.reserve(deadline: deadline), .refused(takeToken(for: nil, now: now) ?? error))
    }
  }

  private func resumeReading() {
    guard isReadWithheld, mayRead, let context else { return }
    isReadWithheld = false
    context.read()
  }

  /// The time for which lines had to wait was their client's doing.
  func endThrottle() {
    isThrottled = false
    arrivals.restart(now: .now())
    processLines()
  }

  /// No line is looked at until `release` was called as often.
  func hold() { holds += 1 }

  func release() {
    holds -= 1
    processLines()
  }

  // MARK: Events

  /// Whether events come on this connection.
  var isListening: Bool { listening != nil }

  /// Events come from here on.
  func startListening(for user: AccountName) {
    guard !isListening, case .open = phase else { return }
    deliveries.confirmsByAck = true
    listening = Listening(on: self, for: user)
    tellDeparture()
  }

  /// No more events from here on.
  func stopListening() {
    listening?.end(isUnbinding: false)
    listening = nil
  }

  /// Writes an event.
  func push(_ event: Event) {
    write { event.encode(into: &$0) }
    trace(event)
    scheduleFlush()
  }

  private func write(_ encode: (inout [UInt8]) -> Void) {
    if outbox.capacity == 0 { outbox.reserveCapacity(Int(usualOutbox)) }
    encode(&outbox)
  }

  /// What waits for the client to read it, here and in the channel.
  var outboxBytes: Int {
    let written = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
    return outbox.count + (written ?? 0)
  }

  /// Whether the client has read nearly all that it was sent.
  var hasRoom: Bool {
    outbox.count < worker.configuration.outboxBytes && context?.channel.isWritable ?? false
  }

  /// Whether lines have arrived that were not looked at yet.
  var hasWaitingRequests: Bool { framer.waiting > 0 }

  // MARK: Replies

  /// Puts a reply into its place; all that is due leaves at the end of this turn of the loop.
  func reply(_ ticket: ReplyTicket, _ reply: Reply) {
    let outcome = replies.fulfill(ticket, reply)
    if outcome != .isDropped { worker.telemetry.answered(ticket, reply) }
    trace(reply, to: ticket)
    if outcome == .isDue {
      write(reply)
      while let next = replies.next() { write(next) }
    }
    scheduleFlush()
    takeTurn()
  }

  private func write(_ reply: Reply) {
    write { reply.encode(into: &$0) }
    if case .inbox(let page) = reply { deliveries.show(page) }
  }

  /// Runs `body`, which replies, when all replies before have had their turn: for what begins or ends with its reply. Further
  /// lines wait until then.
  func inTurn(_ ticket: ReplyTicket, _ body: @escaping () -> Void) {
    hold()
    turn = (ticket, body)
    takeTurn()
  }

  private func takeTurn() {
    guard let (ticket, body) = turn, replies.isNext(ticket) else { return }
    turn = nil
    body()
    release()
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
    if !outbox.isEmpty {
      let bytes = ByteBuffer(bytes: outbox)
      usualOutbox = UInt16(clamping: outbox.count)
      worker.telemetry.sent(outbox.count)
      outbox = []
      if let page = deliveries.takeOutOfOutbox() {
        write(bytes, withPage: page)
      } else {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      }
    }
    if case .ending(let confirming) = phase, replies.count == 0 { finish(confirming: confirming) }
    listening?.resume()
    processLines()
  }

  /// A message of this connection is stored.
  func noteStored(_ ticket: ReplyTicket) { lastStored = max(lastStored ?? ticket, ticket) }

  /// Whether a message of this connection that was sent later is stored already.
  func hasStored(after ticket: ReplyTicket) -> Bool { lastStored.map { $0 > ticket } ?? false }

  // MARK: Ending

  /// The peer has ended its WebSocket. Unlike FIN that says that it reads nothing more: what it has been shown is confirmed as by a
  /// command, and nothing that is still on its way.
  func peerHasClosed() {
    (peerHasEnded, hasStoppedReading) = (true, true)
    placePage()
    processLines()
  }

  /// All lines of a client that sends no more have been looked at.
  private func endOfInput() {
    guard hasStoppedReading else { return end(confirming: !isCut) }
    if let delivery = deliveries.confirmed(byLineAt: framer.received) { ConfirmDelivery.run(delivery, on: worker) }
    end(confirming: false)
  }

  /// Answers the lines that have been received, then ends.
  func depart() {
    isDeparting = true
    processLines()
  }

  /// Takes no more lines; ends the connection when all replies are written. `confirming`: the client asked for the end
  /// (`quit` or FIN), so messages that its TCP has taken are confirmed.
  func end(confirming: Bool) {
    guard case .open = phase else { return }
    phase = .ending(confirming: confirming)
    // Who leaves gets no more: it waits for the next connection. A node that stops must still find what an `ack` under way means.
    if confirming { listening?.feed.remove(self) }
    framer.discard()  // thousands of connections that end at once would hold 64 KiB each
    scheduleFlush()
  }

  /// Ends the connection for a reason that the client is told, whatever it has asked for.
  func end(telling reason: Event.Closing) {
    stopListening()
    replies.removeAll()
    push(.closing(reason))
    end(confirming: false)
  }

  /// The same for a client that knows no events.
  func end(telling refusal: Refusal) {
    replies.removeAll()
    write { Reply.refused(refusal).encode(into: &$0) }
    end(confirming: false)
  }

  /// Whether it waits for something to be done for it.
  var isBusy: Bool { holds > 0 || replies.count > 0 }

  private func finish(confirming: Bool) {
    phase = .lingering
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    isReadWithheld = false
    OrderlyEnd(
      channel: context.channel, isBehindTLS: isBehindTLS, needsReceipt: confirming && deliveries.awaitsReceipt,
      onReceipt: {
        let connection = bound.value
        if let delivery = connection.deliveries.confirmedByEnd() {
          ConfirmDelivery.run(delivery, on: connection.worker)
        }
      },
      peerHasEnded: { bound.value.peerHasEnded }
    ).run()
  }

  /// Closes at once.
  func close() { context?.close(promise: nil) }
}
