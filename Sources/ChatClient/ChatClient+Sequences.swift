// Owns: the client's asynchronous sequences, and what iterating them asks of the server.
// Must never: ask for what nobody iterates.
// Runs on: the consumer's task.
import ChatProtocol

extension ChatClient {
  /// What waits in the inbox, oldest first, then new messages as they come: each once, as far as this client knows.
  ///
  /// Iterating listens; before a login it waits for one. A message is confirmed when the next one is asked for, from this
  /// iterator or a later one, or with ``confirm()``; so finish with one before that. One task at a time may iterate.
  ///
  /// Ends when the client is closed or the task is cancelled. Throws ``ChatClientError/unsupported(feature:)`` on servers of
  /// the course protocol, and `refused` with code `invalid_session` when the session was ended elsewhere; iterate again
  /// after the next login.
  public nonisolated var messages: Messages { Messages(client: self) }

  /// See ``ChatClient/messages``.
  public struct Messages: AsyncSequence, Sendable {
    let client: ChatClient

    /// One per consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client) }

    /// Belongs to one task.
    public struct Iterator: AsyncIteratorProtocol {
      let client: ChatClient

      /// Confirms the message before; the next one, or nil at the end.
      public mutating func next(
        isolation actor: isolated (any Actor)? = #isolation
      ) async throws(ChatClientError) -> IncomingMessage? {
        try await client.nextMessage()
      }
    }
  }

  /// Tells whenever one of these users becomes active or inactive, in addition to those watched already.
  ///
  /// Takes effect with the next ``PresenceUpdate/snapshot(_:)`` of ``presence``.
  /// - Throws: `notSent` if one is no account name, or more than 1,000 would be watched.
  public func watch(_ users: [String]) throws(ChatClientError) {
    var names: [String] = []
    for user in users {
      guard let name = AccountName(user) else { throw .notSent(reason: "\"\(user)\" is not an account name") }
      names.append(name.description)
    }
    var wanted = subscriptions
    wanted.watch(names)
    guard wanted.watchedNames <= ProtocolLimits.watchedUsers else {
      throw .notSent(reason: "at most \(ProtocolLimits.watchedUsers) users can be watched by name")
    }
    subscriptions = wanted
    changed.raise()
  }

  /// Tells whenever anybody becomes active or inactive. Think of the number of users before.
  public func watchEveryone() {
    subscriptions.watchEveryone()
    changed.raise()
  }

  /// Watches nobody any more.
  public func unwatch() {
    subscriptions.unwatch()
    changed.raise()
  }

  /// Who of the watched is active, and every change. Of changes that nobody reads only the last one per user is kept.
  ///
  /// Ends and throws as ``messages`` does. One task at a time may iterate.
  public nonisolated var presence: Presence { Presence(client: self) }

  /// See ``ChatClient/presence``.
  public struct Presence: AsyncSequence, Sendable {
    let client: ChatClient

    /// One per consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client) }

    /// Belongs to one task.
    public struct Iterator: AsyncIteratorProtocol {
      let client: ChatClient

      /// The next update, or nil at the end.
      public mutating func next(
        isolation actor: isolated (any Actor)? = #isolation
      ) async throws(ChatClientError) -> PresenceUpdate? {
        try await client.presenceFeed.next()
      }
    }
  }

  /// What becomes of the connection and the session behind the first connection. The newest 64 changes wait to be read.
  /// Ends when the client is closed or the task is cancelled. One task at a time may iterate.
  public nonisolated var states: States { States(client: self) }

  /// See ``ChatClient/states``.
  public struct States: AsyncSequence, Sendable {
    let client: ChatClient

    /// One per consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client) }

    /// Belongs to one task.
    public struct Iterator: AsyncIteratorProtocol {
      let client: ChatClient

      /// The next change, or nil at the end.
      public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(Never) -> State? {
        // Nothing ever fails this feed.
        do { return try await client.stateFeed.next() } catch { return nil }
      }
    }
  }

  /// Says that the consumer is done with the message that it had last, without asking for the next one.
  ///
  /// The confirmation is sent at once, and by ``close()`` at the latest.
  public func confirm() {
    if messageFeed.update({ $0.wentOn() }) { confirmations.raise() }
  }

  func nextMessage() async throws(ChatClientError) -> IncomingMessage? {
    confirm()
    if subscriptions.wantMessages() { changed.raise() }
    return try await messageFeed.next()
  }
}
