// `kabar config`: what the settings of a node are.
// Never starts a node and never asks Redis; never shows a password.
// Main thread.

import ArgumentParser
import Foundation

struct ConfigCommand: ParsableCommand {
  /// What is printed.
  enum Output: EnumerableFlag {
    case print, page

    static func help(for value: Output) -> ArgumentHelp? {
      switch value {
      case .print: "Every setting as it would be, as a file for --config, with the place that each value comes from."
      case .page: "The page of all settings, in Markdown."
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show the settings of a node, and where each comes from.",
    discussion: """
      Takes the options of `kabar serve`, reads the variables and the file as that does, and says what comes of it:
        kabar config --print --config /etc/kabar/kabar.yaml
      """)

  @Flag var output = Output.print

  @OptionGroup var options: ServeOptions

  func run() throws {
    switch output {
    case .page: Swift.print(SettingsCatalogue().page, terminator: "")
    case .print:
      let settings = try options.resolved()
      Self.show(settings.warnings)
      Swift.print(Self.file(settings.effective), terminator: "")
    }
  }

  /// Says on standard error, for standard output may become a file.
  static func show(_ warnings: [String]) {
    for warning in warnings { FileHandle.standardError.write(Data("Warning: \(warning)\n".utf8)) }
  }

  /// A line for each setting, which `ConfigFile` reads as the same.
  static func file(_ settings: [Settings.Effective]) -> String {
    let width = settings.map { line($0).count }.max() ?? 0
    return settings.map { setting in
      let text = line(setting)
      return text + String(repeating: " ", count: width - text.count) + "  # \(setting.source)\n"
    }.joined()
  }

  private static func line(_ setting: Settings.Effective) -> String {
    // The file can't name itself.
    guard let value = setting.value else { return "# \(setting.name):" }
    return setting.name == "config" ? "# config: \(value)" : "\(setting.name): \(quoted(value))"
  }

  /// As it is, where YAML takes it for what it is.
  private static func quoted(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ","), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    return isPlain ? value : "'" + value.replacing("'", with: "''") + "'"
  }
}
