import ArgumentParser

@main
struct Kabar: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kabar", abstract: "A chat service: several nodes, one port, all state in Redis.",
    subcommands: [ServeCommand.self, AccountCommand.self])
}
