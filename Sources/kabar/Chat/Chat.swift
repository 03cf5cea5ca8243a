// Owns: the options of `kabar chat`, and the order of its life: connect, log in, converse.
// Must never: hold rules of the conversation; those are in ChatSession and ChatTranscript.
// Runs on: the main task.
import ArgumentParser
import ChatClient
import ChatProtocol

/// `kabar chat`: the terminal client.
struct Chat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Chat in the terminal, or from a pipe.",
    discussion: """
      Each line is one command; `help` lists them. The token is remembered, so it need not be typed.

      At a terminal messages arrive by themselves above the line being typed; the cursor keys edit it and bring back \
      earlier lines. A lost connection is made again and the session resumed; what was typed meanwhile waits for it, at \
      most five minutes. ctrl-c, ctrl-d and quit leave.

      In a pipe the commands are carried out in order and the end of the input leaves:
        printf 'auth arini hehe\\ninbox\\n' | kabar chat
      The exit code is then 0 if all of them worked, and 1 if one was refused or the connection was lost; errors go to \
      standard error.
      """)

  @Option(help: "The server's name or address.")
  var host = "127.0.0.1"

  @Option(help: "The server's port.")
  var port = ProtocolLimits.defaultPort

  @Flag(help: "Encrypt the connection and verify the server: its certificate, its name, and the CA behind it.")
  var tls = false

  @Option(
    help: ArgumentHelp(
      "Trust the CA certificates in this file instead of the system's. (PEM; with --tls)", valueName: "file"))
  var tlsCa: String?

  @Argument(help: "Log in as this user; the password is asked for without being shown.")
  var user: String?

  func validate() throws {
    if let user, user.isEmpty || user.contains(where: \.isWhitespace) {
      throw ValidationError("USER is one word.")
    }
    if tlsCa != nil, !tls { throw ValidationError("--tls-ca is for connections with --tls") }
  }

  func run() async throws {
    let terminal = ChatTerminal()
    if user != nil, !terminal.canAsk {
      throw ValidationError("USER needs a terminal to ask for the password. In a pipe, begin with: auth USER PASSWORD")
    }
    if terminal.isInteractive, RawTerminal.isCapable, let raw = RawTerminal() {
      return try await runLive(on: raw, asking: terminal)
    }
    let client: ChatConnection
    do throws(ChatClientError) {
      client = try await ChatConnection.connect(host: host, port: port, tls: security)
    } catch {
      try terminal.print([ChatTranscript.line(for: error)])
      throw ExitCode.failure
    }
    var session = ChatSession(client: client, terminal: terminal)
    if let user {
      try await session.logIn(as: user)
    } else if terminal.canAsk {
      try terminal.print([ChatTranscript.welcome(host: host, port: port)])
    }
    try await session.run()
  }

  private var security: ChatTLS? { tls ? ChatTLS(trustedCertificates: tlsCa) : nil }

  /// At a terminal messages arrive while the person types.
  private func runLive(on raw: RawTerminal, asking terminal: ChatTerminal) async throws {
    let client: ChatClient
    do throws(ChatClientError) {
      var settings = LiveChat.settings
      settings.tls = security
      client = try await ChatClient.connect(host: host, port: port, settings: settings)
    } catch {
      try terminal.print([ChatTranscript.line(for: error)])
      throw ExitCode.failure
    }
    var chat = LiveChat(client: client, terminal: raw)
    try await chat.run(as: user, greeting: ChatTranscript.welcome(host: host, port: port))
  }
}
