// Owns: the public way to talk to a chat server: one connection, one call per command of the protocol.
// Must never: print, retry, or keep state about the user; what a session means is the server's business.
// Runs on: any. Bytes move on the connection's event loop, replies are decoded on the caller's task.
import ChatProtocol
import NIOCore
import NIOPosix
import TLS

/// One connection to a server of the chat protocol.
///
/// ```swift
/// let client = try await ChatConnection.connect(host: "127.0.0.1", port: 8889)
/// try await client.login(user: "arini", password: "hehe")
/// try await client.send(to: "messi", text: "halo!")
/// await client.close()
/// ```
///
/// Calls may overlap: they are pipelined on the connection and answered in the order in which they reached it. Calls of
/// ``request(_:)`` from one actor reach it in the order in which they were made.
/// A call whose task is cancelled ends at once with ``ChatClientError/cancelled``; the server carries it out all the same.
///
/// It neither reconnects nor retries, and confirms nothing by itself: ``ChatClient`` does.
public struct ChatConnection: Sendable {
  /// Bytes that a request line may have, without its CR LF.
  public static let maximumLineBytes = ProtocolLimits.lineBytes
  /// Bytes that a reply may have. A longer one ends the connection as malformed.
  public static let maximumReplyBytes = 16 * 1024 * 1024
  /// Seconds that a connection may take to be made.
  static let connectSeconds: Int64 = 10

  private let channel: any Channel
  private let replies: NIOLoopBound<ReplyQueue>
  /// When requests through this value give up waiting, whatever the connection's own timeout is.
  private(set) var deadline: ContinuousClock.Instant?

  /// Connects to a server.
  ///
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address, or a name, of which every address is tried.
  ///   - port: 1 to 65535.
  ///   - tls: whom to trust; without it nothing is encrypted.
  ///   - replyTimeout: how long the oldest request may wait for its reply before the connection is given up.
  ///   - onEvent: called for each event, in order, on the connection's event loop; it must not block. Events come once
  ///     `listen` was requested.
  ///   - group: the event loops to use; each connection lives on one of them.
  /// - Throws: ``ChatClientError/couldNotConnect(reason:)``, after at most 10 seconds per address.
  public static func connect(
    host: String, port: Int, tls: ChatTLS? = nil, replyTimeout: Duration = .seconds(30),
    onEvent: @escaping @Sendable (ChatEvent) -> Void = { _ in },
    group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
  ) async throws(ChatClientError) -> ChatConnection {
    guard (1...65535).contains(port) else {
      throw .couldNotConnect(reason: "\(port) is not a port (1 to 65535)")
    }
    let timeout = TimeAmount(replyTimeout)
    let made = Pending<Result<ChatConnection, any Error>>()
    // A task of its own, so that the caller can be cancelled; it ends with the attempt.
    Task {
      let result: Result<ChatConnection, any Error>
      do {
        result = .success(try await open(host, port, tls?.verification, timeout, onEvent, group))
      } catch {
        result = .failure(error)
      }
      // Nobody waits any more for a connection whose caller was cancelled.
      if !made.answer(result), case .success(let connection) = result { connection.channel.close(promise: nil) }
    }
    switch await made.value(cancelled: .failure(ChatClientError.cancelled)) {
    case .success(let connection): return connection
    case .failure(let error as ChatClientError): throw error
    case .failure(let error): throw .connecting(host: host, port: port, failure: error)
    }
  }

  private static func open(
    _ host: String, _ port: Int, _ tls: ClientTLS?, _ timeout: TimeAmount,
    _ onEvent: @escaping @Sendable (ChatEvent) -> Void, _ group: any EventLoopGroup
  ) async throws -> ChatConnection {
    let connection = try await ClientBootstrap(group: group)
      .connectTimeout(.seconds(connectSeconds))
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let replies = ReplyQueue(replyTimeout: timeout, replyLimit: maximumReplyBytes, onEvent: onEvent)
          try channel.pipeline.syncOperations.addHandler(replies)
          return ChatConnection(channel: channel, replies: NIOLoopBound(replies, eventLoop: channel.eventLoop))
        }
      }
    if let tls {
      let channel = connection.channel
      try await channel.eventLoop.flatSubmit {
        tls.shakeHands(on: channel, host: host, timeout: .seconds(connectSeconds))
      }.get()
    }
    return connection
  }

  /// Sends one request line and waits for its reply, which may say `ERROR`: see ``ChatReply/accepted()``.
  ///
  /// - Parameter line: without a line end, at most ``maximumLineBytes`` bytes. A blank one is refused, because servers
  ///   ignore it and no reply would come.
  nonisolated(nonsending) public func request(_ line: String) async throws(ChatClientError) -> ChatReply {
    try await request(line, onReply: nil)
  }

  /// The same, for a reply that must be seen in order with the events around it.
  ///
  /// - Parameter onReply: called with the reply's JSON on the connection's event loop, before the events behind it.
  nonisolated(nonsending) func request(
    _ line: String, onReply: (@Sendable (ByteBuffer) -> Void)?
  ) async throws(ChatClientError) -> ChatReply {
    let bytes = try Self.encode(line)
    let answer = Pending<ReplyQueue.Answer>()
    channel.eventLoop.execute { replies.value.send(bytes, answer: answer, onReply: onReply) }
    // The reply still comes in its turn: a caller that has given up doesn't end the connection.
    let alarm = deadline.map { deadline in
      channel.eventLoop.scheduleTask(in: TimeAmount(deadline - .now)) { _ = answer.answer(.failure(.timedOut)) }
    }
    defer { alarm?.cancel() }
    let json = try await answer.value(cancelled: .failure(.cancelled)).get()
    do throws(ChatClientError) {
      return try ChatReply(json: json)
    } catch {
      // Whatever is at the other end, it doesn't speak the protocol: the replies behind this one can't be trusted.
      channel.eventLoop.execute { replies.value.end(error) }
      throw error
    }
  }

  /// The same connection, on which requests fail with ``ChatClientError/timedOut`` at the deadline.
  func until(_ deadline: ContinuousClock.Instant) -> ChatConnection {
    var connection = self
    connection.deadline = deadline
    return connection
  }

  /// Ends the connection without waiting for the end.
  func end() {
    channel.eventLoop.execute { replies.value.end(.connectionClosed) }
  }

  /// Ends the connection. Requests that still wait for a reply fail with ``ChatClientError/connectionClosed``.
  ///
  /// Whatever the server had sent is read as messages taken; an orderly leave is `request("quit")` before this.
  public func close() async {
    end()
    _ = await waitUntilClosed()
  }

  /// Returns once the connection has ended, whoever ended it, and says why.
  @discardableResult
  public func waitUntilClosed() async -> ChatClientError {
    await withCheckedContinuation { caller in
      channel.closeFuture.whenComplete { _ in
        caller.resume(returning: replies.value.reason)
      }
    }
  }

  private static func encode(_ line: String) throws(ChatClientError) -> ByteBuffer {
    let bytes = line.utf8
    guard bytes.count <= maximumLineBytes else {
      throw .notSent(reason: "the line is too long: \(bytes.count) bytes, at most \(maximumLineBytes) are possible")
    }
    guard !bytes.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
      throw .notSent(reason: "a line break can't be part of a request")
    }
    guard bytes.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
      throw .notSent(reason: "the line is empty")
    }
    return ByteBuffer(string: line + "\r\n")
  }
}
