// Owns: the protocol's commands as typed calls: arguments to a request line, a reply to what the caller asked for.
// Must never: talk to the connection itself; everything goes through `request`.
// Runs on: the caller's task.

extension ChatConnection {
  /// The users that are active now.
  public struct ActiveUsers: Sendable, Equatable {
    /// Account names; a server may leave some out if there are very many.
    public let names: [String]
    /// How many there are, always exact.
    public let count: Int

    /// Names, and how many there are altogether.
    public init(names: [String], count: Int) {
      (self.names, self.count) = (names, count)
    }

    /// From the reply to `user_aktif` or `watch`. Servers of the course protocol give the names in the text alone.
    init(_ reply: ChatReply) throws(ChatClientError) {
      guard let names = reply.users ?? reply.message?.split(separator: ", ").map(String.init) else {
        throw .malformedReply(reason: "\"users\" is missing")
      }
      self.init(names: names, count: reply.count ?? names.count)
    }
  }

  /// Messages that wait in the inbox, the oldest ones first.
  public struct Inbox: Sendable, Equatable {
    /// By the sender's account name; oldest first within a sender.
    public let messages: [String: [ChatMessage]]
    /// Whether still more wait: ask again.
    public let hasMore: Bool
  }

  /// Logs in and binds this connection to the new session.
  ///
  /// - Returns: the session's token (a UUID), with which other connections can use the session.
  /// - Throws: `refused` if the account or the password is wrong.
  @discardableResult
  nonisolated(nonsending) public func login(
    user: String, password: String
  ) async throws(ChatClientError) -> String {
    let reply = try await request("auth \(Self.account(user)) \(password)").accepted()
    guard let token = reply.tokenid else { throw .malformedReply(reason: "\"tokenid\" is missing") }
    return token
  }

  /// Stores a message in a user's inbox.
  ///
  /// - Parameter text: one line. Servers trim spaces at both ends and refuse more than 4 KiB.
  /// - Returns: the message's id, on servers that give one.
  /// - Throws: `refused` if there is no such user, the inbox is full, or nobody is logged in.
  @discardableResult
  public func send(to user: String, text: String) async throws(ChatClientError) -> String? {
    try await request("send \(Self.account(user)) \(text)").accepted().id
  }

  /// The oldest messages that wait; a server may split a full inbox over several calls.
  ///
  /// The next request on this connection tells the server that they have arrived, and it then removes them.
  public func inbox() async throws(ChatClientError) -> Inbox {
    let reply = try await request("inbox").accepted()
    guard case .inbox(let messages) = reply.messages else {
      throw .malformedReply(reason: "\"messages\" is not an inbox")
    }
    return Inbox(messages: messages, hasMore: reply.more ?? false)
  }

  /// Who is active on any node.
  public func activeUsers() async throws(ChatClientError) -> ActiveUsers {
    try await activeUsers(token: nil)
  }

  func activeUsers(token: String?) async throws(ChatClientError) -> ActiveUsers {
    let reply = try await request(token.map { "user_aktif \($0)" } ?? "user_aktif").accepted()
    return try ActiveUsers(reply)
  }

  /// Refuses a user's messages from now on, on every node within a second.
  ///
  /// - Throws: `refused` if there is no such user, or too many are blocked.
  public func block(_ user: String) async throws(ChatClientError) {
    _ = try await request("block \(Self.account(user))").accepted()
  }

  /// Takes a user's messages again.
  public func unblock(_ user: String) async throws(ChatClientError) {
    _ = try await request("unblock \(Self.account(user))").accepted()
  }

  /// Ends the session everywhere. The connection stays open and can log in again.
  public func logout() async throws(ChatClientError) {
    _ = try await request("logout").accepted()
  }

  /// An account name must be exactly one word, or the words behind it would change their meaning; with at most 32
  /// characters it can't be taken for a token either.
  static func account(_ name: String) throws(ChatClientError) -> String {
    guard !name.isEmpty, name.utf8.count <= 32, !name.contains(where: \.isWhitespace) else {
      throw .notSent(reason: "an account name is one word of at most 32 characters")
    }
    return name
  }
}
