// Owns: carrying a request out although connections are lost: waiting for one, repeating, giving up at the deadline.
// Must never: repeat what the server could carry out twice.
// Runs on: the client's actor.

extension ChatClient {
  /// A connection that is bound to the session, if there is one. Requests on it end at the deadline.
  ///
  /// - Parameter isLogin: whether it is to begin a session. Anything else waits for a login that is under way: on the
  ///   connection behind that it would be done in the name of the next user.
  func usable(
    until deadline: ContinuousClock.Instant, isLogin: Bool = false
  ) async throws(ChatClientError) -> ChatLink {
    while true {
      if isClosed { throw .connectionClosed }
      if Task.isCancelled { throw .cancelled }
      if var link, isLogin || !isSwitching {
        link.connection = link.connection.until(deadline)
        return link
      }
      guard .now < deadline else { throw lastFailure }
      await changed.wait(since: changed.version, until: deadline)
    }
  }

  /// Carries out what may be carried out once only.
  func once<Value: Sendable>(
    _ body: (ChatLink) async throws(ChatClientError) -> Value
  ) async throws(ChatClientError) -> Value {
    let link = try await usable(until: deadline)
    do throws(ChatClientError) {
      return try await body(link)
    } catch {
      noteEnd(of: link, error)
      throw error
    }
  }

  /// Carries out what the server does once however often it is asked, until it works or the deadline comes; never in
  /// the name of another user than the one who was logged in at first.
  func repeated<Value: Sendable>(
    _ body: (isolated ChatClient, ChatLink) async throws(ChatClientError) -> Value
  ) async throws(ChatClientError) -> Value {
    let deadline = self.deadline
    let user = session?.user
    var tries = 0
    var last: ChatClientError?
    while true {
      let link = try await usable(until: deadline)
      if let user, let session, session.user != user { throw last ?? lastFailure }
      let wasPlain = isPlainServer
      do throws(ChatClientError) {
        return try await body(self, link)
      } catch {
        noteEnd(of: link, error)
        if case .refused(nil, _, _) = error, !wasPlain, self.link?.number == link.number {
          // Only the course's servers refuse without a code. They know no tags and want the token in each command.
          isPlainServer = true
          continue
        }
        if error.isSessionGone, session != nil, self.link?.number == link.number {
          // `resume` on the next connection finds out whether the session has ended, and says so.
          abandon(link)
        }
        // Without tags the server would carry it out twice.
        if wasPlain { throw error }
        tries += 1
        last = error
        try await pause(after: error, tries: tries, until: deadline)
      }
    }
  }

  /// Calls that come now shall wait for the next connection, not meet the end of this one, too.
  func noteEnd(of link: ChatLink, _ failure: ChatClientError) {
    switch failure {
    // The call has run out of time, not the connection.
    case .timedOut where link.connection.deadline.map { $0 <= .now } ?? false: break
    // A well-formed reply that lacks something leaves the connection open, and nobody else would end it.
    case .connectionClosed, .timedOut, .malformedReply: abandon(link)
    default: break
    }
  }

  /// Ends a connection; the next one resumes the session.
  func abandon(_ link: ChatLink) {
    link.connection.end()
    if self.link?.number == link.number { self.link = nil }
  }

  /// Waits before the next try; throws the failure if there is none.
  func pause(
    after failure: ChatClientError, tries: Int, until deadline: ContinuousClock.Instant
  ) async throws(ChatClientError) {
    var generator = SystemRandomNumberGenerator()
    guard !isClosed, let pause = Retry.pause(after: failure, tries: tries, using: &generator), .now + pause < deadline
    else { throw failure }
    do {
      try await Task.sleep(for: pause)
    } catch {
      throw .cancelled
    }
  }

  func sendOnce(on link: ChatLink, to user: String, text: String, tag: String) async throws(ChatClientError) -> Sent {
    var line = "send \(user) \(text)"
    if !isPlainServer {
      line = "@id=\(tag) \(line)"
    } else if let token = session?.token {
      line = "send \(token) \(user) \(text)"
    }
    let reply = try await link.connection.request(line).accepted()
    return Sent(id: reply.id, wasRepeated: reply.duplicate ?? false)
  }

  /// 128 random bits in hexadecimal digits: no two requests of a user get the same one.
  static func newTag() -> String {
    (0..<2).map { _ in
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
