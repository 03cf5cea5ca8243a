// One connection to Redis, open while a command of the command line runs.
// Never on the path of a message.
// Async tasks.

import Logging
import NIOCore
import NIOPosix
import RedisClient

enum CommandLineRedis {
  /// Runs `body` with a connection that `CLIENT LIST` shows as `name`. What goes wrong in Redis becomes a `Failure`.
  /// `acceptsReplica`: `body` only looks. `timeout`: of each request, waiting for the connection included.
  static func with<Value: Sendable>(
    _ address: RedisAddress, name: String, acceptsReplica: Bool = false, timeout: TimeAmount = .seconds(5),
    _ body: (RedisHandle) async throws -> Value
  ) async throws -> Value {
    var settings = RedisConfiguration(address: address, connectionName: name)
    settings.acceptsReplica = acceptsReplica
    settings.requestTimeout = timeout
    // The outcome says all there is to say; the connection's own log would repeat it.
    let quiet = Logger(label: "kabar") { _ in SwiftLogNoOpLogHandler() }
    let redis = try await RedisHandle.open(settings, on: MultiThreadedEventLoopGroup.singleton.any(), logger: quiet)
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(redis))
    } catch let error as RedisError {
      result = .failure(Failure(await words(for: error, of: redis, at: address)))
    } catch {
      result = .failure(error)
    }
    await redis.close()
    return try result.get()
  }

  /// What went wrong, and where: why there is no connection says more than that none came in time.
  static func words(for error: any Error, of redis: RedisHandle, at address: RedisAddress) async -> String {
    "\(await redis.connectionFailure ?? "\(error)") (\(address))"
  }
}
