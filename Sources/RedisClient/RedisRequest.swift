// A command together with how its reply is understood.
// Never sends anything: a client does.
// Pure value; any thread.

/// What to ask Redis and what the answer means.
package struct RedisRequest<Value: Sendable>: Sendable {
  package let command: RedisCommand
  /// Reads a reply that is no error; `nil` if it has an unexpected shape.
  private let decode: @Sendable (RedisReply) -> Value?

  package init(_ command: RedisCommand, decode: @escaping @Sendable (RedisReply) -> Value?) {
    self.command = command
    self.decode = decode
  }

  /// The same request, marked as one that stores a message.
  package func appending(_ repetition: RedisCommand.Repetition) -> RedisRequest {
    RedisRequest(command.appending(repetition), decode: decode)
  }

  /// The meaning of what came back.
  package func value(of result: Result<RedisReply, RedisError>) -> Result<Value, RedisError> {
    Self.value(of: result, decode: decode)
  }

  /// The same for who has sent the command without its request. Inlinable, so that it is compiled for the caller's value: a
  /// generic one looks its types up for each reply.
  @inlinable package static func value(
    of result: Result<RedisReply, RedisError>, decode: (RedisReply) -> Value?
  ) -> Result<Value, RedisError> {
    switch result {
    case .failure(let error): return .failure(error)
    case .success(.error(let error)): return .failure(.server(error))
    case .success(let reply):
      guard let value = decode(reply) else { return .failure(.unexpectedReply) }
      return .success(value)
    }
  }
}
