// Owns: a TCP server that answers request lines as a test's script says, split and timed as the script wants.
// Must never: know the protocol's rules; a script is the whole truth of what the client meets.
// Runs on: its channels' event loops; the lines it received may be read from anywhere.
import NIOCore
import NIOPosix
import Synchronization

/// A server for one test, on a free port of the loopback.
final class ScriptedServer: Sendable {
  enum Step: Sendable {
    /// Leaves as one write.
    case bytes([UInt8])
    case pause(milliseconds: Int64)
    case close
  }

  /// What the server does when it has received a line (without its end). Steps of earlier lines are done first.
  typealias Script = @Sendable (String) -> [Step]
  /// The same for tests that tell connections apart; they are numbered from 1.
  typealias NumberedScript = @Sendable (_ line: String, _ connection: Int) -> [Step]

  private let listener: any Channel
  private let lines: SharedLines

  /// All lines that were received, from all connections.
  var received: [String] { lines.all.withLock { $0 } }
  /// How many connections there were.
  var connections: Int { lines.channels.withLock { $0.count } }
  var port: Int { listener.localAddress?.port ?? 0 }

  private init(listener: any Channel, lines: SharedLines) {
    self.listener = listener
    self.lines = lines
  }

  /// Starts a server, hands it to `body`, and stops it whatever happens.
  ///
  /// - Parameter greeting: what it does when a client has connected.
  static func with<Value: Sendable>(
    greeting: [Step] = [], script: @escaping Script, _ body: (ScriptedServer) async throws -> Value
  ) async throws -> Value {
    try await with(greeting: greeting, numbered: { line, _ in script(line) }, body)
  }

  static func with<Value: Sendable>(
    greeting: [Step] = [], numbered script: @escaping NumberedScript, _ body: (ScriptedServer) async throws -> Value
  ) async throws -> Value {
    let lines = SharedLines()
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let number = lines.channels.withLock { channels in
            channels.append(channel)
            return channels.count
          }
          let handler = ScriptHandler(greeting: greeting, script: { script($0, number) }, lines: lines)
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = ScriptedServer(listener: listener, lines: lines)
    do {
      let value = try await body(server)
      try await listener.close()
      return value
    } catch {
      try await listener.close()
      throw error
    }
  }
}

extension ScriptedServer {
  /// Says something on every connection without having been asked.
  func push(_ json: String) {
    for channel in lines.channels.withLock(\.self) {
      channel.writeAndFlush(ByteBuffer(string: json + "\r\n\r\n"), promise: nil)
    }
  }

  /// Cuts every connection.
  func cut() {
    for channel in lines.channels.withLock(\.self) { channel.close(promise: nil) }
  }

  /// Waits until a line was received so many times; false after ten seconds.
  func hears(_ line: String, times: Int = 1) async -> Bool {
    for _ in 0..<2000 {
      if received.count(where: { $0 == line }) >= times { return true }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return false
  }
}

private final class SharedLines: Sendable {
  let all = Mutex<[String]>([])
  let channels = Mutex<[any Channel]>([])
}

private final class ScriptHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let script: ScriptedServer.Script
  private let lines: SharedLines
  private var line: [UInt8] = []
  private var steps: CircularBuffer<ScriptedServer.Step>
  private var pausing = false

  init(greeting: [ScriptedServer.Step], script: @escaping ScriptedServer.Script, lines: SharedLines) {
    self.script = script
    self.lines = lines
    steps = CircularBuffer(greeting)
  }

  func channelActive(context: ChannelHandlerContext) {
    run(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        continue
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let text = String(decoding: line, as: UTF8.self)
      line.removeAll()
      lines.all.withLock { $0.append(text) }
      steps.append(contentsOf: script(text))
    }
    run(context)
  }

  private func run(_ context: ChannelHandlerContext) {
    while !pausing, let step = steps.popFirst() {
      switch step {
      case .bytes(let bytes):
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      case .close:
        context.close(promise: nil)
      case .pause(let milliseconds):
        pausing = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
          bound.value.0.pausing = false
          bound.value.0.run(bound.value.1)
        }
      }
    }
  }
}

extension ScriptedServer.Step {
  /// One reply with its end.
  static func reply(_ json: String) -> Self { .text(json + "\r\n\r\n") }

  static func text(_ text: String) -> Self { .bytes(Array(text.utf8)) }
}
