// Owns: a client of one test on its event loop, reachable from the test's task, and what it has logged.
// Must never: do anything that the client would not do by itself.
// Runs on: any thread; the client itself stays on its loop.
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import RedisClient

/// A `RedisClient` for async code.
struct LoopClient: Sendable {
  let client: NIOLoopBound<RedisClient>
  let log: RecordedLog

  private var eventLoop: any EventLoop { client.eventLoop }

  /// Starts a client, hands it to `body`, and closes it whatever happens.
  static func with<Value: Sendable>(
    _ address: RedisAddress, _ configure: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (LoopClient) async throws -> Value
  ) async throws -> Value {
    var configuration = RedisConfiguration(address: address, connectionName: "kabar-test-0")
    configuration.requestTimeout = .seconds(10)
    configuration.replyTimeout = .seconds(10)
    configure(&configuration)
    let log = RecordedLog()
    let final = configuration
    // A loop of its own: some tests keep it busy.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let eventLoop = group.next()
    let client = try await eventLoop.submit {
      let client = RedisClient(final, eventLoop: eventLoop, logger: log.logger)
      client.start()
      return LoopClient(client: NIOLoopBound(client, eventLoop: eventLoop), log: log)
    }.get()
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    try await group.shutdownGracefully()
    return try result.get()
  }

  /// Sends all in one turn of the loop; the outcomes come later. The turn stands still for a while behind the first `pausingBehind`.
  func submit(_ commands: [RedisCommand], pausingBehind first: Int = 0) async throws -> [EventLoopFuture<RedisReply>] {
    try await eventLoop.submit {
      commands.enumerated().map { index, command in
        if first > 0, index == first { usleep(300_000) }
        let promise = self.eventLoop.makePromise(of: RedisReply.self)
        self.client.value.send(command) { promise.completeWith($0.mapError { $0 as any Error }) }
        return promise.futureResult
      }
    }.get()
  }

  /// Sends all in one turn of the loop, which goes on until `condition` holds, for five seconds at most; answers whether it did.
  func submit(_ commands: [RedisCommand], inATurnUntil condition: @escaping @Sendable () -> Bool) async throws -> Bool {
    try await eventLoop.submit {
      for command in commands { self.client.value.send(command) { _ in } }
      for _ in 0..<1000 where !condition() { usleep(5000) }
      return condition()
    }.get()
  }

  /// Sends one; the outcome comes later.
  func submit(_ command: RedisCommand) async throws -> EventLoopFuture<RedisReply> {
    try await submit([command])[0]
  }

  /// Sends one and waits for its reply.
  @discardableResult
  func send(_ words: RedisArgument...) async throws -> RedisReply {
    try await submit(RedisCommand(words)).get()
  }

  func close() async { try? await eventLoop.submit { client.value.close() }.get() }

  /// Keeps the loop busy first, so that what becomes due meanwhile and the end are of one turn.
  func close(afterStandingStillFor time: Duration) async throws {
    try await eventLoop.flatSubmit {
      usleep(useconds_t(time / .microseconds(1)))
      return self.eventLoop.submit { client.value.close() }
    }.get()
  }

  var isReady: Bool { get async throws { try await eventLoop.submit { client.value.isReady }.get() } }

  /// Waits for a usable connection.
  func becomeReady() async throws { try await send("PING") }
}

/// What was logged, in order.
final class RecordedLog: Sendable {
  private let recorded = Mutex<[String]>([])

  var lines: [String] { recorded.withLock { $0 } }

  /// A logger that records here.
  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { log.recorded.withLock { $0.append("\(event.message)") } }
  }
}
