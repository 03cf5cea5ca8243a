// The root of the command line.
// Never does anything itself: each subcommand has a file of its own.
// See EntryPoint for the thread.

import ArgumentParser
import ChatServer

struct Kabar: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kabar", abstract: "A chat service: several nodes, one port, all state in Redis.",
    version: "kabar \(Node.version)",
    subcommands: [
      UpCommand.self, ServeCommand.self, Chat.self, AccountCommand.self, SessionCommand.self, StatusCommand.self,
      ExplainCommand.self, ConfigCommand.self, CheckCommand.self, BenchCommand.self, ExecChildCommand.self,
    ])
}
