// Owns: one connection's requests that wait for a reply, in order; their deadline; what is an event; why it ended.
// Must never: block, decode the reply to a request, or leave a waiting caller without an answer.
// Runs on: the event loop of its channel, for everything.
import NIOCore

/// Channel handler that pairs replies with requests (the protocol answers in request order) and passes events on.
final class ReplyQueue: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A reply without its CR LF CR LF, or why there is none.
  typealias Answer = Result<ByteBuffer, ChatClientError>

  private struct Waiting {
    let caller: Pending<Answer>
    let onReply: (@Sendable (ByteBuffer) -> Void)?
    let deadline: NIODeadline
  }

  private let replyTimeout: TimeAmount
  private let onEvent: @Sendable (ChatEvent) -> Void
  private var framer: ReplyFramer
  private var waiting = CircularBuffer<Waiting>()
  private var deadlineCheck: Scheduled<Void>?
  /// Set while the channel is in use.
  private var context: ChannelHandlerContext?
  /// Why this side closed the connection; nil if the server did. Callers that wait then get it.
  private var failure: ChatClientError?
  /// What the server said before it closed. It answers no request: what became of those isn't known.
  private var closing: ChatClientError?

  /// Why the connection has ended, for people.
  var reason: ChatClientError { closing ?? failure ?? .connectionClosed }

  init(replyTimeout: TimeAmount, replyLimit: Int, onEvent: @escaping @Sendable (ChatEvent) -> Void) {
    self.onEvent = onEvent
    self.replyTimeout = replyTimeout
    framer = ReplyFramer(limit: replyLimit)
  }

  /// Sends one request line (with its CR LF) and answers `caller` exactly once.
  ///
  /// - Parameter onReply: called with the reply here on the event loop, before anything behind it is read.
  func send(_ line: ByteBuffer, answer caller: Pending<Answer>, onReply: (@Sendable (ByteBuffer) -> Void)? = nil) {
    guard let context else {
      caller.answer(.failure(failure ?? .connectionClosed))
      return
    }
    waiting.append(Waiting(caller: caller, onReply: onReply, deadline: .now() + replyTimeout))
    if deadlineCheck == nil { checkDeadline(after: replyTimeout, on: context) }
    context.writeAndFlush(wrapOutboundOut(line), promise: nil)
  }

  /// Closes the connection from this side; callers still waiting get `reason`.
  func end(_ reason: ChatClientError) {
    guard let context else { return }
    failure = reason
    failAll()
    context.close(promise: nil)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  /// Comes after every close, whoever closed.
  func handlerRemoved(context: ChannelHandlerContext) {
    failAll()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Resets and failed writes: for the caller they are the end of the connection, like a close.
    end(.connectionClosed)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    framer.append(unwrapInboundIn(data))
    do throws(ChatClientError) {
      // An answer can't run the caller's code here (it resumes on another thread), so the queue is stable in this loop.
      while self.context != nil, let reply = try framer.next() {
        if let event = try ChatEvent(json: reply) {
          take(event)
        } else {
          take(reply)
        }
      }
    } catch {
      end(error)
    }
  }

  private func take(_ event: ChatEvent) {
    if case .closing(let code) = event {
      closing = .refused(code: code, message: "the server closes the connection (\(code))")
    }
    onEvent(event)
  }

  private func take(_ reply: ByteBuffer) {
    if let first = waiting.popFirst() {
      first.onReply?(reply)
      first.caller.answer(.success(reply))
    } else {
      end(farewell(reply))
    }
  }

  /// What no request asked for can only be a server that says why it is about to close, for example that it is full.
  private func farewell(_ reply: ByteBuffer) -> ChatClientError {
    do throws(ChatClientError) {
      _ = try ChatReply(json: reply).accepted()
      return .malformedReply(reason: "a reply came without a request")
    } catch {
      return error
    }
  }

  private func failAll() {
    context = nil
    deadlineCheck?.cancel()
    deadlineCheck = nil
    while let next = waiting.popFirst() {
      next.caller.answer(.failure(failure ?? .connectionClosed))
    }
  }

  /// One timer per connection, not per request: deadlines grow along the queue, so only the oldest request matters.
  private func checkDeadline(after delay: TimeAmount, on context: ChannelHandlerContext) {
    let boundSelf = NIOLoopBound(self, eventLoop: context.eventLoop)
    deadlineCheck = context.eventLoop.scheduleTask(in: delay) {
      boundSelf.value.deadlineReached()
    }
  }

  private func deadlineReached() {
    deadlineCheck = nil
    guard let context, let oldest = waiting.first else { return }
    let left = oldest.deadline - .now()
    if left > .zero {
      checkDeadline(after: left, on: context)
    } else {
      end(.timedOut)
    }
  }
}
