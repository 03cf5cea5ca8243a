// Owns: the life of a client's connections, one after the other: connect, resume, listen, watch, confirm, notice the end.
// Must never: be in a hurry: a server that comes back meets all its clients at once.
// Runs on: the client's actor, in the one task that `close()` ends.

extension ChatClient {
  /// Connects, and binds the connection to the session if there is one.
  func open() async throws(ChatClientError) -> ChatLink {
    let isUseless = Pending<Bool>()
    let drain = Pending<Duration?>()
    let connection = try await ChatConnection.connect(
      host: host, port: port, tls: settings.tls, replyTimeout: min(settings.replyTimeout, .seconds(50)),
      onEvent: { [messageFeed, presenceFeed, confirmations] event in
        switch event {
        case .message(let message):
          switch messageFeed.update({ $0.arrived(message) }) {
          case .new: break
          case .duplicate: confirmations.raise()
          case .overflow: isUseless.answer(true)
          }
        case .presence(let user, let isActive, let at):
          presenceFeed.update { $0.append(.changed(user: user, isActive: isActive, at: at)) }
        case .presenceSummary(let active): presenceFeed.update { $0.append(.summary(active: active)) }
        // `resume` on the next connection will tell what has become of the session.
        case .sessionEnded: isUseless.answer(true)
        case .drain(let time): drain.answer(time)
        // Behind `closing` comes the close.
        case .closing, .unknown: break
        }
      })
    links += 1
    let link = ChatLink(number: links, connection: connection, isUseless: isUseless, drain: drain)
    do throws(ChatClientError) {
      try await bind(connection)
      return link
    } catch {
      connection.end()
      throw error
    }
  }

  private func bind(_ connection: ChatConnection) async throws(ChatClientError) {
    (isPlainServer, boundToken) = (false, nil)
    guard let session else { return }
    do throws(ChatClientError) {
      _ = try await connection.request("resume \(session.token)").accepted()
      boundToken = session.token
    } catch {
      if error.isInvalidSession {
        if self.session == session { endSession(error) }
      } else if error.isUnknownCommand {
        // A server of the course protocol: each command carries the token.
        (isPlainServer, boundToken) = (true, session.token)
      } else {
        throw error
      }
    }
  }

  private func endSession(_ reason: ChatClientError) {
    forgetSession()
    messageFeed.fail(reason)
    presenceFeed.fail(reason)
    stateFeed.update { $0.append(.sessionEnded) }
  }

  /// Makes a connection the present one.
  func adopt(_ link: ChatLink) {
    self.link = link
    subscriptions.startAnew()
    changed.raise()
  }

  /// Stays connected until the client is closed.
  func run(_ first: ChatLink) async {
    var next: ChatLink? = first
    var reconnects = Reconnects(policy: settings.reconnect)
    var generator = SystemRandomNumberGenerator()
    while !isClosed {
      var lasted: Duration?
      do throws(ChatClientError) {
        if next == nil {
          let link = try await open()
          guard !isClosed else { return link.connection.end() }
          adopt(link)
          stateFeed.update { $0.append(.connected) }
          next = link
        }
        let start = ContinuousClock.now
        if let next { lastFailure = await serve(next) }
        lasted = .now - start
      } catch {
        lastFailure = error
      }
      (next, link) = (nil, nil)
      if let successor {
        self.successor = nil
        guard !isClosed else { return successor.connection.end() }
        adopt(successor)
        next = successor
        continue
      }
      if isClosed { return }
      let pause = reconnects.pause(after: lastFailure, lasted: lasted, using: &generator)
      let state = State.disconnected(lastFailure, retryIn: pause)
      stateFeed.update { $0.append(state) }
      try? await Task.sleep(for: pause)
    }
  }

  /// Uses a connection until it ends, and says why it did.
  private func serve(_ link: ChatLink) async -> ChatClientError {
    // A login may have come between `resume` and now.
    if boundToken != session?.token { link.connection.end() }
    return await withTaskGroup(of: ChatClientError?.self) { group in
      group.addTask {
        await withTaskCancellationHandler {
          await link.connection.waitUntilClosed()
        } onCancel: {
          link.connection.end()
        }
      }
      group.addTask {
        if await link.isUseless.value(cancelled: false) { link.connection.end() }
        return nil
      }
      group.addTask { await self.moveOn(from: link) }
      group.addTask {
        await self.subscribe(on: link.connection)
        return nil
      }
      group.addTask {
        await self.confirm(on: link.connection)
        return nil
      }
      group.addTask {
        await self.beat(on: link.connection)
        return nil
      }
      var reason: ChatClientError?
      while reason == nil, let ended = await group.next() { reason = ended }
      group.cancelAll()
      return reason ?? .connectionClosed
    }
  }

  /// When the server's process stops: another one first, so that the user never is inactive, then the end of this one behind the
  /// replies that it still owes. Without another one it is used to its end.
  private func moveOn(from link: ChatLink) async -> ChatClientError? {
    guard let time = await link.drain.value(cancelled: nil), (try? await Task.sleep(for: time)) != nil,
      !isSwitching, let session, let next = try? await open()
    else { return nil }
    // A login meanwhile was done on the old connection.
    guard !isSwitching, session == self.session, !Task.isCancelled else {
      next.connection.end()
      return nil
    }
    self.link = nil
    successor = next
    _ = try? await link.connection.request("ping")  // answered behind all others
    return .connectionClosed
  }

  /// Asks for what is wanted and not had, whenever that changes.
  private func subscribe(on connection: ChatConnection) async {
    var tries = 0
    while !Task.isCancelled {
      let version = changed.version
      // Without a session there is nothing to listen to, and behind a login the events would be the next user's, while
      // `begin` still throws away those of the one before. Servers that know no `resume` know no `listen` either.
      guard let session, !isSwitching, let step = subscriptions.next else {
        await changed.wait(since: version)
        continue
      }
      do throws(ChatClientError) {
        try await carryOut(step, on: connection)
        guard session == self.session else { continue }
        subscriptions.done(step)
        tries = 0
      } catch {
        guard session == self.session else { continue }
        tries += 1
        if error.isSessionGone { return connection.end() }
        // Without this, the client would go on with a connection on which nothing comes.
        guard await isSettled(step, by: error, tries: tries) else { return connection.end() }
      }
    }
  }

  /// The server's refusal of a step: waits if it passes, forgets the step if not. False if the connection has ended.
  private func isSettled(_ step: Subscriptions.Step, by failure: ChatClientError, tries: Int) async -> Bool {
    guard case .refused(let code, _, _) = failure else { return false }
    if code == "not_listening" {
      subscriptions.startAnew()
      try? await Task.sleep(for: .milliseconds(50))
      return true
    }
    var generator = SystemRandomNumberGenerator()
    if let pause = Retry.pause(after: failure, tries: tries, using: &generator) {
      try? await Task.sleep(for: pause)
      return true
    }
    let wanted = (messages: subscriptions.wantsMessages, presence: subscriptions.wantsPresence)
    subscriptions.refused(step)
    presenceFeed.update { $0.abandonSnapshot() }
    if step == .listen, wanted.messages { messageFeed.fail(failure.named("messages that arrive by themselves")) }
    if wanted.presence { presenceFeed.fail(failure.named("presence that is told by itself")) }
    return true
  }

  private func carryOut(_ step: Subscriptions.Step, on connection: ChatConnection) async throws(ChatClientError) {
    switch step {
    case .listen: _ = try await connection.request("listen").accepted()
    case .unwatch: _ = try await connection.request("unwatch").accepted()
    case .watch(_, let lines):
      for (index, line) in lines.enumerated() {
        // Events may follow in the same packet: the snapshot must be in the feed before they are.
        let reply = try await connection.request(line) { [presenceFeed] json in
          guard let active = try? ChatConnection.ActiveUsers(ChatReply(json: json).accepted()) else { return }
          presenceFeed.update { $0.append(active, isFirst: index == 0, isLast: index == lines.count - 1) }
        }
        _ = try ChatConnection.ActiveUsers(reply.accepted())
      }
    }
  }

  /// Confirms what the consumer has gone on from; one request at a time, so that many messages share one.
  private func confirm(on connection: ChatConnection) async {
    var tries = 0
    while !Task.isCancelled {
      let version = confirmations.version
      guard let mark = messageFeed.update({ $0.unconfirmed }) else {
        await confirmations.wait(since: version)
        continue
      }
      do throws(ChatClientError) {
        try await confirm(mark, on: connection)
        tries = 0
        messageFeed.update { $0.settled(mark) }
      } catch {
        guard case .refused = error else { return }
        tries += 1
        var generator = SystemRandomNumberGenerator()
        if let pause = Retry.pause(after: error, tries: tries, using: &generator) {
          try? await Task.sleep(for: pause)
        } else {
          // It is not in the inbox any more: another device has confirmed it, or the session is gone.
          messageFeed.update { $0.refused(mark) }
        }
      }
    }
  }

  private func confirm(_ mark: MessageBuffer.Mark, on connection: ChatConnection) async throws(ChatClientError) {
    confirming = mark
    defer { confirming = nil }
    _ = try await connection.request(mark.line).accepted()
  }

  /// Notices a server that is gone without a word: the reply's timeout ends the connection.
  private func beat(on connection: ChatConnection) async {
    while (try? await Task.sleep(for: settings.heartbeat)) != nil {
      _ = try? await connection.request("ping")
    }
  }
}
