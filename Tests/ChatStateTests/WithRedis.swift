// Owns: a redis-server and a client of it, for the length of a test.
// Must never: outlive the test, nor stand in for Redis.
// Runs on: swift-testing; the client on an event loop.
import ChatProtocol
import ChatState
import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

/// Runs `body` with a fresh server and a connected client.
func withRedis(_ body: (RedisServer, RedisHandle) async throws -> Void) async throws {
  let server = try await RedisServer()
  var configuration = RedisConfiguration(address: try RedisAddress(server.url), connectionName: "kabar-test")
  configuration.scripts = Scripts.all
  configuration.requestTimeout = .seconds(10)
  let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let redis = try await RedisHandle.open(configuration, on: MultiThreadedEventLoopGroup.singleton.any(), logger: quiet)
  let result: Result<Void, any Error>
  do { result = .success(try await body(server, redis)) } catch { result = .failure(error) }
  await redis.close()
  try result.get()
}

/// What a plain send writes to Redis, word by word: a RESP request reads like a reply.
func appendCommand(_ record: [UInt8], to user: AccountName) throws -> RedisCommand {
  var encoded: [UInt8] = []
  Inboxes.encodeAppend(record, to: user, into: &encoded)
  let decoder = try ReplyDecoder()
  try decoder.feed(ByteBuffer(bytes: encoded))
  let words = try #require(try decoder.next()?.elements)
  return RedisCommand(
    try words.map { word in
      guard case .bytes(let bytes) = word else { throw RedisError.unexpectedReply }
      return .bytes(bytes)
    })
}

extension RedisHandle {
  /// A command as an operator would type it, its words separated by single spaces.
  @discardableResult
  func run(_ line: String) async throws -> RedisReply {
    let reply = try await send(RedisCommand(line.split(separator: " ").map { .text(String($0)) }))
    if case .error(let error) = reply { throw error }
    return reply
  }

  /// Stores a message as a plain send does.
  func append(_ record: [UInt8], to user: AccountName) async throws -> AppendOutcome {
    try Inboxes.outcome(of: .success(try await send(appendCommand(record, to: user)))).get()
  }

  /// The texts of an array reply.
  func texts(_ line: String) async throws -> [String] {
    try #require(try await run(line).elements).compactMap(\.text)
  }
}

/// A name that must be one.
func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }
