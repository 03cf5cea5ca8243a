// Everything that can go wrong between a request and its reply.
// Never says less than the caller must know: was the request written or not?
// Pure values; any thread.

/// Why a request has no usable reply.
package enum RedisError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Redis answered with an error.
  case server(RedisServerError)
  /// The connection ended. `written`: the request had been handed to the socket, so Redis may have carried it out.
  case connectionLost(written: Bool)
  /// The deadline passed. `written` as above.
  case timedOut(written: Bool)
  /// Redis has carried it out, but fewer replicas than asked for have it (`minimumReplicas`).
  case notReplicated
  /// Too many requests or bytes are waiting already; nothing was done.
  case overloaded
  /// Redis answered something else than the request allows.
  case unexpectedReply
  /// The client has been shut down; nothing was done.
  case closed

  /// Whether Redis may have carried the request out although nobody knows.
  package var outcomeIsUnknown: Bool {
    switch self {
    case .connectionLost(let written), .timedOut(let written): written
    case .unexpectedReply, .notReplicated: true
    case .server, .overloaded, .closed: false
    }
  }

  package var description: String {
    switch self {
    case .server(let error): "Redis answered: \(error.message)"
    case .connectionLost(let written): "the connection to Redis was lost\(written ? " before it answered" : "")"
    case .timedOut(let written): written ? "Redis did not answer in time" : "Redis could not be reached in time"
    case .notReplicated: "too few replicas confirmed the write in time"
    case .overloaded: "too many requests wait for Redis"
    case .unexpectedReply: "Redis gave an unexpected reply"
    case .closed: "the Redis client is closed"
    }
  }
}

/// An error reply of Redis.
package struct RedisServerError: Error, Equatable, Sendable {
  /// The first word of the message, typed.
  package let kind: Kind
  /// The line that Redis sent, without what it repeats of the request.
  package let message: String

  /// The error codes that callers switch over (redis.io/docs/reference/protocol-spec, and the server's `shared.*err`).
  package enum Kind: String, Sendable {
    case noScript = "NOSCRIPT"
    case loading = "LOADING"
    case busy = "BUSY"
    case readOnly = "READONLY"
    case masterDown = "MASTERDOWN"
    case tryAgain = "TRYAGAIN"
    case outOfMemory = "OOM"
    case misconfigured = "MISCONF"
    case noReplicas = "NOREPLICAS"
    case noAuthentication = "NOAUTH"
    case wrongPassword = "WRONGPASS"
    case noPermission = "NOPERM"
    case wrongType = "WRONGTYPE"
    /// Any other.
    case other = ""
  }

  /// Whether Redis did nothing now but may serve the same command a little later.
  package var isPassing: Bool {
    switch kind {
    case .loading, .busy, .readOnly, .masterDown, .tryAgain: true
    default: false
    }
  }

  /// Whether Redis refuses to write but still reads.
  package var refusesWrites: Bool {
    switch kind {
    case .outOfMemory, .misconfigured, .noReplicas: true
    default: false
    }
  }

  /// Reads such a line. To a command that it doesn't know (`rename-command`) Redis answers with the beginning of its
  /// arguments: a password, the text of a message. They end here, for what comes behind goes into logs and answers.
  package init(message: String) {
    let arguments = message.firstRange(of: ", with args beginning with")
    self.message = String(message[..<(arguments?.lowerBound ?? message.endIndex)])
    kind = Kind(rawValue: String(message.prefix { $0 != " " })) ?? .other
  }
}
