import ArgumentParser

@main
struct Kabar: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kabar",
    subcommands: [
      Chat.self
    ])
}
