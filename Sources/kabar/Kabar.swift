// Owns: the root of the command line.
// Must never: do anything itself: each subcommand has a file of its own.
// Runs on: see EntryPoint.
import ArgumentParser

struct Kabar: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kabar", abstract: "A chat service: several nodes, one port, all state in Redis.",
    subcommands: [UpCommand.self, ExecChildCommand.self])
}
