// Owns: the conversation of `kabar chat` on a terminal: typed lines are carried out in order, messages arrive meanwhile.
// Must never: lose a typed line silently, or keep a password.
// Runs on: one task each for keys, commands, messages, presence and states.
import ArgumentParser
import ChatClient
import Synchronization

/// One run of the terminal client over a session that outlives its connections.
struct LiveChat {
  /// How many typed lines may wait for their turn.
  static let backlogLimit = 100
  /// How often a person may try a password before the program gives up.
  private static let passwordTries = 3
  /// How long leaving waits for lines that are under way.
  private static let grace = Duration.seconds(3)
  private static let arriveNot = "messages do not arrive by themselves on this server: inbox shows them"

  private let client: ChatClient
  private let terminal: RawTerminal
  private let screen: LiveScreen
  private let status = LiveStatus()
  private var transcript = ChatTranscript()
  /// Keys that came with the end of the password.
  private var typedAhead: [Key] = []

  init(client: ChatClient, terminal: RawTerminal) {
    (self.client, self.terminal) = (client, terminal)
    screen = LiveScreen(columns: terminal.columns, write: terminal.write)
  }

  /// How long a message waits for a connection. The server knows a repeated one for ten minutes.
  static var settings: ChatClient.Settings {
    var settings = ChatClient.Settings()
    settings.deadline = .seconds(300)
    return settings
  }

  /// Logs in if a user is named, then converses until the person leaves or the input ends; the terminal is then as it was.
  ///
  /// Throws the exit code if nobody could log in.
  mutating func run(as user: String?, greeting: ChatLine) async throws(ExitCode) {
    let signals = await terminal.begin { [screen, terminal] in screen.redraw(columns: terminal.columns) }
    var isIn = true
    if let user { isIn = await logIn(as: user) } else { screen.show([greeting]) }
    if isIn { await converseAndListen() }
    await client.close()
    screen.end()
    terminal.end(signals)
    let unsent = status.lines.filter { !Self.isSecret($0) }
    terminal.write(unsent.map { ChatTranscript.safe("not confirmed as sent: \($0)") + "\n" }.joined())
    if !isIn { throw .failure }
  }

  /// Asks for the password and logs in; false after too many refusals, or if the person leaves.
  private mutating func logIn(as user: String) async -> Bool {
    for _ in 1...Self.passwordTries {
      guard let password = await password(for: user) else { return false }
      screen.show(await carryOut(.login(user: user, password: password)))
      if transcript.token != nil { return true }
    }
    return false
  }

  /// A line that isn't shown; nil if the person leaves instead.
  private mutating func password(for user: String) async -> String? {
    terminal.forgetInput()
    terminal.write(ChatTranscript.safe("password for \(user): "))
    defer { terminal.write("\n") }
    var (editor, decoder) = (LineEditor(), KeyDecoder())
    while true {
      var keys: ArraySlice<Key>
      switch await terminal.input(within: decoder.patience) {
      case .end: return nil
      case .silence: keys = decoder.giveUp()[...]
      case .bytes(let bytes): keys = decoder.decode(bytes)[...]
      }
      while let key = keys.popFirst() {
        switch editor.press(key) {
        case .entered(let line):
          typedAhead = Array(keys)
          return line
        case .interrupt, .endOfInput: return nil
        case .edited, .refused, .suspend, .redraw: break
        }
      }
    }
  }

  private mutating func converseAndListen() async {
    screen.begin()
    let (transcript, typedAhead) = (transcript, typedAhead)
    await withTaskGroup { [client, screen, status] group in
      group.addTask { await Self.showMessages(of: client, on: screen, status) }
      group.addTask { await Self.showPresence(of: client, on: screen) }
      group.addTask {
        for await state in client.states {
          status.isConnected = if case .disconnected = state { false } else { true }
          screen.show([ChatTranscript.line(for: state)])
        }
      }
      await converse(transcript, typedAhead)
      await client.close()
    }
  }

  /// Reads keys and carries out lines until the person leaves.
  private func converse(_ transcript: ChatTranscript, _ typedAhead: [Key]) async {
    let (lines, source) = AsyncStream.makeStream(of: String.self)
    await withTaskGroup { group in
      group.addTask {
        var worker = self
        worker.transcript = transcript
        for await line in lines {
          if await !client.isLoggedIn { worker.transcript.sessionEnded() }
          let command = LiveCommand(typed: line, token: worker.transcript.token)
          let answer = await worker.carryOut(command)
          if Task.isCancelled { return }
          screen.show(answer)
          status.finishLine()
        }
      }
      await readKeys(typedAhead) { source.yield($0) }
      source.finish()
      // Without a connection there is nothing to wait for.
      let grace = status.isConnected ? Self.grace : .zero
      group.addTask { try? await Task.sleep(for: grace) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Returns when the person leaves.
  private func readKeys(_ typedAhead: [Key], _ enter: @Sendable (String) -> Void) async {
    for action in screen.press(typedAhead) where !goesOn(action, enter) { return }
    var decoder = KeyDecoder()
    while let keys = await terminal.keys(by: &decoder) {
      for action in screen.press(keys) where !goesOn(action, enter) { return }
    }
  }

  /// False if the person leaves.
  private func goesOn(_ action: LineEditor.Action, _ enter: @Sendable (String) -> Void) -> Bool {
    switch action {
    case .interrupt, .endOfInput: return false
    case .suspend:
      terminal.suspend()
      screen.redraw(columns: terminal.columns)
    case .entered(let line):
      switch ChatCommand(typed: line, token: nil) {
      case .quit: return false
      case .nothing: break
      case .help, .request:
        if !Self.isSecret(line) { screen.remember(line) }
        if status.addLine(line) {
          enter(line)
        } else {
          screen.show([.error("error: \(Self.backlogLimit) lines wait for their turn already (not_sent)")])
          screen.giveBack(line)
        }
      }
    case .edited, .refused, .redraw: break
    }
    return true
  }

  /// Carries a command out; what to print.
  private mutating func carryOut(_ command: LiveCommand) async -> [ChatLine] {
    do throws(ChatClientError) {
      switch command {
      case .login(let user, let password):
        return [transcript.loggedIn(user, token: try await client.login(user: user, password: password))]
      case .resume(let token):
        try await client.resume(token: token)
        return [transcript.resumed(token: token)]
      case .send(let user, let text):
        try await client.send(to: user, text: text)
        return [ChatTranscript.sent(to: user)]
      case .inbox where status.isListening && transcript.token != nil:
        return [.output("messages arrive by themselves: none waits")]
      case .inbox(let line): return transcript.lines(for: .inbox, reply: try await client.request(line))
      case .logout:
        try await client.logout()
        return [transcript.loggedOut()]
      case .watch(let users):
        if users.isEmpty { await client.watchEveryone() } else { try await client.watch(users) }
        return []
      case .unwatch:
        await client.unwatch()
        return [.output("watching nobody")]
      case .listen where status.isListening: return [.output("messages arrive by themselves")]
      case .listen: return [.output(Self.arriveNot)]
      case .unlisten where status.isListening:
        return [.error("error: at a terminal messages arrive by themselves; in a pipe they wait for inbox (not_sent)")]
      case .unlisten: return [.output(Self.arriveNot)]
      case .plain(.help): return ChatTranscript.help + ChatTranscript.liveHelp
      case .plain(.request(let line, let topic)):
        return transcript.lines(for: topic, reply: try await client.request(line))
      case .plain: return []
      }
    } catch {
      return [ChatTranscript.line(for: error)]
    }
  }

  private static func showMessages(of client: ChatClient, on screen: LiveScreen, _ status: LiveStatus) async {
    while true {
      do throws(ChatClientError) {
        for try await message in client.messages {
          // Going on would confirm what nobody has seen.
          guard screen.show([ChatTranscript.line(for: message)]) else { return }
        }
        return
      } catch {
        // After the next login it goes on.
        if case .refused("invalid_session", _, _) = error { continue }
        status.isListening = false
        if case .unsupported = error {} else { screen.show([ChatTranscript.line(for: error)]) }
        screen.show([.output(arriveNot)])
        return
      }
    }
  }

  private static func showPresence(of client: ChatClient, on screen: LiveScreen) async {
    while true {
      do throws(ChatClientError) {
        for try await update in client.presence { screen.show([ChatTranscript.line(for: update)]) }
        return
      } catch {
        if case .refused("invalid_session", _, _) = error { continue }
        screen.show([ChatTranscript.line(for: error)])
      }
    }
  }

  /// Whether a line holds a password.
  private static func isSecret(_ line: String) -> Bool {
    if case .request(_, .auth) = ChatCommand(typed: ChatCommand.withoutTag(line), token: nil) { true } else { false }
  }
}
