// Owns: the library's public face: a session that outlives its connections.
// Must never: block, print, or give up a message that the caller was not told about.
// Runs on: an actor; what it waits for happens on event loops.
import ChatProtocol

/// A chat session that reconnects by itself.
///
/// ```swift
/// let client = try await ChatClient.connect(host: "127.0.0.1", port: 8889)
/// try await client.login(user: "arini", password: "hehe")
/// try await client.send(to: "lineker", text: "piye kabare?")
/// for try await message in client.messages {
///   print("\(message.senderName): \(message.text)")
///   try await client.send(to: message.sender, text: "matur nuwun")
///   if message.text == "wis yo" { break }
/// }
/// await client.confirm()
/// await client.close()
/// ```
///
/// When the connection is lost, the client connects again (exponential backoff with full jitter), resumes the session
/// with its token, and listens and watches as before; ``states`` tells. Calls wait for that up to their deadline.
///
/// - ``send(to:text:)`` names each message, so that repeating it after a lost connection stores it once. It returns when
///   the server has stored it. Wait for one send before the next one if their order matters.
/// - ``messages`` are confirmed when the consumer asks for the next one, the last one by ``confirm()``. What is not
///   confirmed comes again, to this client or to another one of the same user. As long as no other user logs in here,
///   each is seen once (of the last 20,000, and on servers that give messages an id).
/// - On a server that knows only the course protocol login, send and `request` work as far as it goes; `messages` and
///   `presence` throw ``ChatClientError/unsupported(feature:)``.
///
/// Call ``close()`` when done: until then the client keeps itself and its connection alive.
public actor ChatClient {
  /// What may differ from program to program.
  public struct Settings: Sendable {
    /// Whom to trust; without it nothing is encrypted.
    public var tls: ChatTLS?
    /// How long a request may wait for its reply before the connection is given up. With more than 50 seconds a
    /// repeated send could come later than the server knows it, so they count as 50.
    public var replyTimeout: Duration = .seconds(10)
    /// How long a call may take altogether, reconnecting and repeating included. The server knows a repeated send for
    /// 10 minutes, so more than 9 minutes count as 9.
    public var deadline: Duration = .seconds(60)
    /// How often an idle connection is tried with a `ping`.
    public var heartbeat: Duration = .seconds(30)
    /// When to connect again.
    public var reconnect = ReconnectPolicy()

    /// The settings for most programs.
    public init() {}
  }

  /// What a user interface shows of the connection.
  public enum State: Sendable, Equatable {
    /// The connection is there again, and the session is resumed.
    case connected
    /// The connection was lost or could not be made; the next try comes in `retryIn`.
    case disconnected(ChatClientError, retryIn: Duration)
    /// The session was ended elsewhere or has expired: log in again.
    case sessionEnded
  }

  /// A message that the server has stored.
  public struct Sent: Sendable, Equatable {
    /// The message's id, on servers that give one.
    public let id: String?
    /// Whether an earlier try had stored it, of which the answer was lost.
    public let wasRepeated: Bool
  }

  struct Session: Equatable {
    let token: String
    let user: String
  }

  let host: String
  let port: Int
  let settings: Settings
  nonisolated let messageFeed = Feed(MessageBuffer())
  nonisolated let presenceFeed = Feed(PresenceBuffer())
  nonisolated let stateFeed = Feed(StateBuffer())
  /// Raised when anything below has changed.
  nonisolated let changed = Signal()
  /// Raised when there may be a message to confirm.
  nonisolated let confirmations = Signal()

  /// How many connections there were.
  var links = 0
  /// The present connection.
  var link: ChatLink?
  /// What takes the place of a connection whose server stops.
  var successor: ChatLink?
  /// How many requests that begin a session are under way.
  var switches = 0
  var isSwitching: Bool { switches > 0 }
  /// The token to which the server has bound the present connection.
  var boundToken: String?
  var session: Session?
  /// Whose messages the feed knows; stays when the session ends.
  var messagesOwner = ""
  var subscriptions = Subscriptions()
  /// Whether the server of the present connection has turned out to know no tags: nobody but the course's servers.
  var isPlainServer = false
  /// The confirmation that is under way.
  var confirming: MessageBuffer.Mark?
  var lastFailure = ChatClientError.connectionClosed
  var isClosed = false
  private var runner: Task<Void, Never>?

  private init(host: String, port: Int, settings: Settings) {
    (self.host, self.port, self.settings) = (host, port, settings)
  }

  /// Connects to a server; from then on the client stays connected by itself.
  ///
  /// - Throws: ``ChatClientError/couldNotConnect(reason:)`` if the first connection can't be made.
  public static func connect(
    host: String, port: Int = ProtocolLimits.defaultPort, settings: Settings = Settings()
  ) async throws(ChatClientError) -> ChatClient {
    let client = ChatClient(host: host, port: port, settings: settings)
    await client.start(try await client.open())
    return client
  }

  private func start(_ first: ChatLink) {
    // Usable at once, not only when the task below has begun.
    adopt(first)
    runner = Task { await self.run(first) }
  }

  /// Stores a message in a user's inbox, once, however often the connection is lost meanwhile.
  ///
  /// - Parameter text: one line. Servers trim spaces at both ends and refuse more than 4 KiB.
  /// - Throws: `refused` if there is no such user, the inbox is full, or nobody is logged in. At the deadline the last
  ///   failure; unless it is a refusal that says otherwise, the message may have been stored.
  @discardableResult
  public func send(to user: String, text: String) async throws(ChatClientError) -> Sent {
    let user = try ChatConnection.account(user)
    // 122 random bits: as the server requires, no other request of this user has the same tag.
    let tag = Self.newTag()
    var open: ChatClientError?
    do throws(ChatClientError) {
      return try await repeated { (client: isolated ChatClient, link) async throws(ChatClientError) in
        do throws(ChatClientError) {
          return try await client.sendOnce(on: link, to: user, text: text, tag: tag)
        } catch {
          if error.leavesOutcomeOpen { open = error }
          throw error
        }
      }
    } catch {
      // That nobody is logged in any more, for example, doesn't say that the first try stored nothing.
      if let open, !error.isFinal, error != .cancelled { throw open }
      throw error
    }
  }

  /// Who is active on any node.
  public func activeUsers() async throws(ChatClientError) -> ChatConnection.ActiveUsers {
    try await repeated { (client: isolated ChatClient, link) async throws(ChatClientError) in
      try await link.connection.activeUsers(token: client.plainToken)
    }
  }

  /// Sends a request line of the protocol as it is, once, and returns its reply, which may say `ERROR`.
  ///
  /// Waits for a connection up to the deadline. A request that changes the session or what this connection listens to
  /// belongs into the methods for it, or it is forgotten with the connection.
  public func request(_ line: String) async throws(ChatClientError) -> ChatReply {
    try await once { link throws(ChatClientError) in try await link.connection.request(line) }
  }

  /// Confirms what the consumer is done with, says goodbye, closes, and ends all tasks and sequences. Takes at most two
  /// seconds. Calls under way fail with ``ChatClientError/connectionClosed``.
  public func close() async {
    if !isClosed {
      isClosed = true
      messageFeed.finish()
      presenceFeed.finish()
      stateFeed.finish()
      if let connection = link?.connection {
        await leave(connection)
        await connection.close()
      }
      changed.raise()
      runner?.cancel()
    }
    await runner?.value
  }

  /// What servers of the course protocol want in each command.
  var plainToken: String? { isPlainServer ? session?.token : nil }

  var deadline: ContinuousClock.Instant { .now + min(settings.deadline, .seconds(540)) }

  /// The request that confirms what the consumer is done with; nil if there is nothing, or it is under way.
  var confirmation: String? {
    let unconfirmed = messageFeed.update { $0.unconfirmed }
    return unconfirmed == confirming ? nil : unconfirmed?.line
  }

  /// An orderly end, as far as the server answers in time.
  private func leave(_ connection: ChatConnection) async {
    await withTaskGroup { group in
      group.addTask { [confirmation] in
        if let confirmation { _ = try? await connection.request(confirmation) }
        _ = try? await connection.request("quit")
      }
      group.addTask { try? await Task.sleep(for: .seconds(2)) }
      await group.next()
      group.cancelAll()
    }
  }
}
