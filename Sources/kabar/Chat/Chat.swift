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

      In a pipe the commands are carried out in order and the end of the input leaves:
        printf 'auth arini hehe\\ninbox\\n' | kabar chat
      The exit code is then 0 if all of them worked, and 1 if one was refused or the connection was lost; errors go to \
      standard error.
      """)

  @Option(help: "The server's name or address.")
  var host = "127.0.0.1"

  @Option(help: "The server's port.")
  var port = ProtocolLimits.defaultPort

  @Argument(help: "Log in as this user; the password is asked for without being shown.")
  var user: String?

  func validate() throws {
    if let user, user.isEmpty || user.contains(where: \.isWhitespace) {
      throw ValidationError("USER is one word.")
    }
  }

  func run() async throws {
    let terminal = ChatTerminal()
    if user != nil, !terminal.canAsk {
      throw ValidationError("USER needs a terminal to ask for the password. In a pipe, begin with: auth USER PASSWORD")
    }
    let client: ChatConnection
    do throws(ChatClientError) {
      client = try await ChatConnection.connect(host: host, port: port)
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
}
