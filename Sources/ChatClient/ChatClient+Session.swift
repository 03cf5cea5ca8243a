// Owns: the client's session: how it begins, which user it belongs to, how it ends.
// Must never: keep a password, or let one user's messages count as another's.
// Runs on: the client's actor.
import ChatProtocol

extension ChatClient {
  /// Logs in. Later reconnections use the session's token, never the password, which is not kept.
  ///
  /// - Returns: the session's token (a UUID), for ``resume(token:)`` in another client.
  /// - Throws: `refused` if the account or the password is wrong. A lost connection is not retried.
  @discardableResult
  public func login(user: String, password: String) async throws(ChatClientError) -> String {
    let deadline = self.deadline
    var tries = 0
    while true {
      tries += 1
      let link = try await usable(until: deadline, isLogin: true)
      do throws(ChatClientError) {
        beginSwitch()
        defer { endSwitch() }
        let token = try await link.connection.login(user: user, password: password)
        begin(Session(token: token, user: user.lowercased()), on: link)
        return token
      } catch {
        noteEndOfSwitch(on: link, error)
        guard case .refused(let code?, _, _) = error, Retry.passing.contains(code) else { throw error }
        try await pause(after: error, tries: tries, until: deadline)
      }
    }
  }

  /// Takes part in a living session, on any node, without a password.
  ///
  /// - Throws: `refused` with code `invalid_session` if it has ended.
  public func resume(token: String) async throws(ChatClientError) {
    guard let checked = SessionToken(token) else { throw .notSent(reason: "a token is a UUID") }
    let link = try await usable(until: deadline, isLogin: true)
    do throws(ChatClientError) {
      beginSwitch()
      defer { endSwitch() }
      let reply = try await link.connection.request("resume \(checked.text)").accepted()
      begin(Session(token: checked.text, user: reply.user ?? ""), on: link)
    } catch {
      noteEndOfSwitch(on: link, error)
      throw error
    }
  }

  /// Confirms what the consumer is done with, then ends the session everywhere. The client stays connected and can log
  /// in again. Messages that the consumer has not gone on from wait in the inbox.
  public func logout() async throws(ChatClientError) {
    let hadSession = session != nil
    do throws(ChatClientError) {
      try await repeated { (client: isolated ChatClient, link) async throws(ChatClientError) in
        if let confirmation = client.confirmation { _ = try await link.connection.request(confirmation) }
        let line = client.plainToken.map { "logout \($0)" } ?? "logout"
        _ = try await link.connection.request(line).accepted()
      }
    } catch {
      // A try whose reply was lost has ended it: that is what was asked for.
      guard hadSession, session == nil else { throw error }
    }
    forgetSession()
  }

  private func beginSwitch() { switches += 1 }

  private func endSwitch() {
    switches -= 1
    changed.raise()
  }

  private func noteEndOfSwitch(on link: ChatLink, _ failure: ChatClientError) {
    switch failure {
    // The server may bind the connection all the same: to a user that the client doesn't know of.
    case .cancelled, .timedOut: abandon(link)
    default: noteEnd(of: link, failure)
    }
  }

  /// Whether there is a session that is not known to have ended.
  package var isLoggedIn: Bool { session != nil }

  func begin(_ session: Session, on link: ChatLink) {
    if session.user.isEmpty || session.user != messagesOwner { messageFeed.update { $0 = MessageBuffer() } }
    messagesOwner = session.user
    messageFeed.recover()
    presenceFeed.recover()
    self.session = session
    subscriptions.startAnew()
    // The connection was lost while the reply was on its way: the present one must be bound, too.
    if self.link?.number == link.number {
      boundToken = session.token
    } else {
      self.link?.connection.end()
    }
    changed.raise()
  }

  func forgetSession() {
    session = nil
    boundToken = nil
    subscriptions.startAnew()
    messageFeed.update { $0.sessionEnded() }
    changed.raise()
  }
}
