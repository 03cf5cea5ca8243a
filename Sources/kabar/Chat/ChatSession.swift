// Owns: the conversation of `kabar chat`: one line, one request, one answer printed; leaving in order; the exit code.
// Must never: format what is printed (ChatTranscript does), or wait for a line after the connection has ended.
// Runs on: one task; a helper task each watches the connection and reads the next line.
import ArgumentParser
import ChatClient

/// One run of the terminal client over one connection.
struct ChatSession {
  let client: ChatConnection
  let terminal: ChatTerminal
  private var transcript = ChatTranscript()
  private var failed = false

  private enum Event: Sendable {
    /// A line of the input; nil at its end.
    case line(ChatInputLine?)
    case closed(ChatClientError)
  }

  /// How often a person may try a password before the program gives up.
  private static let passwordTries = 3

  init(client: ChatConnection, terminal: ChatTerminal) {
    self.client = client
    self.terminal = terminal
  }

  /// Asks for the password and logs in; throws the exit code after too many refusals.
  mutating func logIn(as user: String) async throws(ExitCode) {
    for _ in 1...Self.passwordTries {
      guard let typed = try await terminal.password(for: user) else { throw .failure }
      guard case .text(let password) = typed else {
        try refuse(typed)
        continue
      }
      if try await request("auth \(user) \(password)", .auth(user: user)) {
        failed = false
        return
      }
    }
    throw .failure
  }

  /// Carries out lines until the input ends, `quit` is typed or the connection is lost.
  ///
  /// Throws the exit code 1 if the connection was lost or, in a pipe, if a request failed. A person has seen errors
  /// and may have repaired them, so they don't count there.
  mutating func run() async throws(ExitCode) {
    let (events, source) = AsyncStream.makeStream(of: Event.self)
    let (client, terminal) = (client, terminal)
    let watch = Task { source.yield(.closed(await client.waitUntilClosed())) }
    defer { watch.cancel() }
    // The next line is read only when this one is done, so at most one line and one close wait in the stream.
    func readLine() throws(ExitCode) {
      try terminal.prompt()
      Task { source.yield(.line(await terminal.nextLine())) }
    }
    try readLine()
    for await event in events {
      switch event {
      case .closed(let reason):
        try terminal.leavePrompt()
        try report(reason)
        throw .failure
      case .line(nil):
        try terminal.leavePrompt()
        return try await leave()
      case .line(let line?):
        if try await carryOut(line) { return try await leave() }
        try readLine()
      }
    }
  }

  /// Carries out one line. True if it says to leave.
  private mutating func carryOut(_ line: ChatInputLine) async throws(ExitCode) -> Bool {
    guard case .text(let typed) = line else {
      try refuse(line)
      return false
    }
    switch transcript.command(typed: typed) {
    case .nothing: break
    case .help: try terminal.print(ChatTranscript.help)
    case .quit: return true
    case .request(let line, let topic): _ = try await request(line, topic)
    }
    return false
  }

  /// Sends a request and prints its answer. True if it was carried out; throws if the connection is lost.
  private mutating func request(_ line: String, _ topic: ChatCommand.Topic) async throws(ExitCode) -> Bool {
    let answer: [ChatLine]
    do throws(ChatClientError) {
      answer = transcript.lines(for: topic, reply: try await client.request(line))
    } catch {
      try report(error)
      guard case .notSent = error else { throw .failure }
      return false
    }
    try terminal.print(answer)
    let worked = !answer.contains { if case .error = $0 { true } else { false } }
    if !worked { failed = true }
    return worked
  }

  /// Says why a line of the input can't be sent.
  private mutating func refuse(_ line: ChatInputLine) throws(ExitCode) {
    let limit = ChatConnection.maximumLineBytes
    let reason =
      line == .tooLong ? "the line is too long: at most \(limit) bytes are possible" : "the line is not UTF-8"
    try report(.notSent(reason: reason))
  }

  private mutating func report(_ error: ChatClientError) throws(ExitCode) {
    failed = true
    try terminal.print([ChatTranscript.line(for: error)])
  }

  /// Says goodbye and closes. Everything asked for was answered before, so a server that doesn't know `quit` does no
  /// harm; only one that is gone without an answer does.
  private mutating func leave() async throws(ExitCode) {
    do throws(ChatClientError) {
      _ = try await client.request("quit")
    } catch {
      try report(error)
      throw .failure
    }
    await client.close()
    if failed, !terminal.isInteractive { throw .failure }
  }
}
