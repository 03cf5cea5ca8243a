// A client of Redis for code that does not live on an event loop: command-line tools, start-up, tests.
// Never used on the path of a message.
// Any thread; the client itself stays on its loop.

import Logging
import NIOCore

/// An async door to a `RedisClient`.
package struct RedisHandle: Sendable {
  private let client: NIOLoopBound<RedisClient>
  private let eventLoop: any EventLoop

  /// Makes a client on the loop and begins to connect.
  package static func open(
    _ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger
  ) async throws -> RedisHandle {
    try await eventLoop.submit {
      let client = RedisClient(configuration, eventLoop: eventLoop, logger: logger)
      client.start()
      return RedisHandle(client)
    }.get()
  }

  /// A door to a client; called on its loop.
  package init(_ client: RedisClient) {
    eventLoop = client.eventLoop
    self.client = NIOLoopBound(client, eventLoop: client.eventLoop)
  }

  /// Sends a command and waits for its reply, at most as long as the configuration's request timeout.
  package func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
    let result = await withCheckedContinuation { continuation in
      eventLoop.execute { client.value.send(command) { continuation.resume(returning: $0) } }
    }
    return try result.get()
  }

  /// Sends a request and waits for what its reply means.
  package func perform<Value>(_ request: RedisRequest<Value>) async throws(RedisError) -> Value {
    let result = await withCheckedContinuation { continuation in
      eventLoop.execute { client.value.perform(request) { continuation.resume(returning: $0) } }
    }
    return try result.get()
  }

  /// Why there is no connection, in words; `nil` if there is one.
  package var connectionFailure: String? {
    get async { try? await eventLoop.submit { client.value.connectionFailure }.get() }
  }

  /// Ends the connection.
  package func close() async {
    try? await eventLoop.submit { client.value.close() }.get()
  }
}
