// Owns: a TCP server that answers requests as a test's script says: late, in pieces, wrong, or not at all.
// Must never: know Redis beyond the handshake; a script is the whole truth of what the client meets.
// Runs on: a thread of its own; what it has seen may be read from anywhere.
import NIOCore
import NIOPosix
import Synchronization

@testable import RedisClient

/// A server for one test, on the loopback.
final class ScriptedRedis: Sendable {
  /// The words of a request.
  typealias Request = [String]

  /// What happens when a request has been read.
  enum Answer: Sendable {
    /// Leaves as one write.
    case reply(String)
    /// Each byte leaves as a write of its own.
    case bytewise(String)
    /// This reply, and all that follow on this connection, wait for `release()`.
    case held(String)
    case nothing
    case close
  }

  /// The answer to a request on the connection with this number (from 1); `nil` answers as a healthy master does.
  typealias Script = @Sendable (_ request: Request, _ connection: Int) -> Answer?

  /// What a test may ask about.
  struct Record {
    var connections = 0
    /// The requests of each read from a socket, all connections together.
    var segments: [[Request]] = []
    var isReleased = false
  }

  /// A healthy answer to ROLE.
  static let master = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"

  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let state: State

  final class State: Sendable { let record = Mutex(Record()) }

  var address: RedisAddress { RedisAddress(host: "127.0.0.1", port: listener.localAddress?.port ?? 0) }
  /// How many connections were accepted.
  var connections: Int { state.record.withLock { $0.connections } }
  var segments: [[Request]] { state.record.withLock { $0.segments } }

  /// How often a command was received.
  func count(_ command: String...) -> Int { segments.joined().count { $0.starts(with: command) } }

  /// Lets held replies go, now and from now on.
  func release() { state.record.withLock { $0.isReleased = true } }

  private init(group: MultiThreadedEventLoopGroup, listener: any Channel, state: State) {
    self.group = group
    self.listener = listener
    self.state = state
  }

  /// Starts a server, hands it to `body`, and stops it whatever happens.
  static func with<Value: Sendable>(
    port: Int = 0, script: @escaping Script, _ body: (ScriptedRedis) async throws -> Value
  ) async throws -> Value {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let state = State()
    let result: Result<Value, any Error>
    do {
      let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 20))
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ScriptedRedisHandler(script: script, state: state))
          }
        }
        .bind(host: "127.0.0.1", port: port).get()
      result = .success(try await body(ScriptedRedis(group: group, listener: listener, state: state)))
    } catch {
      result = .failure(error)
    }
    try await group.shutdownGracefully()
    return try result.get()
  }
}

private final class ScriptedRedisHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let script: ScriptedRedis.Script
  private let state: ScriptedRedis.State
  private let decoder: ReplyDecoder
  private let number: Int
  private var held: [ScriptedRedis.Answer] = []

  init(script: @escaping ScriptedRedis.Script, state: ScriptedRedis.State) throws {
    self.script = script
    self.state = state
    decoder = try ReplyDecoder()
    number = state.record.withLock { record in
      record.connections += 1
      return record.connections
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      var requests: [ScriptedRedis.Request] = []
      try decoder.feed(unwrapInboundIn(data))
      while let request = try decoder.next() { requests.append(request.elements?.compactMap(\.text) ?? []) }
      state.record.withLock { $0.segments.append(requests) }
      for request in requests { answer(script(request, number) ?? Self.healthy(request), context) }
    } catch {
      context.close(promise: nil)
    }
  }

  private func answer(_ answer: ScriptedRedis.Answer, _ context: ChannelHandlerContext) {
    if !held.isEmpty { return held.append(answer) }
    switch answer {
    case .reply(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    case .bytewise(let text):
      for byte in text.utf8 { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [byte])), promise: nil) }
    case .held(let text):
      held.append(.reply(text))
      waitForRelease(context)
    case .nothing: break
    case .close: context.close(promise: nil)
    }
  }

  private func waitForRelease(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .milliseconds(5)) {
      let (handler, context) = bound.value
      guard handler.state.record.withLock({ $0.isReleased }) else { return handler.waitForRelease(context) }
      let answers = handler.held
      handler.held = []
      for answer in answers { handler.answer(answer, context) }
    }
  }

  /// What the handshake, PING and anything else get.
  private static func healthy(_ request: ScriptedRedis.Request) -> ScriptedRedis.Answer {
    switch request.first {
    case "ROLE": .reply(ScriptedRedis.master)
    case "PING": .reply("+PONG\r\n")
    default: .reply("+OK\r\n")
    }
  }
}
