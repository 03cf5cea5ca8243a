// The settings of a node, as its options declare them: what the file may hold and what the page of all settings says.
// Never a second list: it is read from the argument parser.
// Main thread; a value.

import ArgumentParser
import Foundation

/// All settings of `kabar serve`, in the order of its help.
struct SettingsCatalogue {
  /// One setting.
  struct Entry {
    /// Of the option, without dashes; the key in the file.
    let name: String
    /// What stands for the value in the help; `nil`: a switch.
    let valueName: String?
    /// What it does, in a sentence or two.
    let purpose: String
    /// What it is without being set, in words.
    let standard: String
    /// Under which heading it stands; empty for the first ones.
    let section: String

    var variable: String { Settings.variable(name) }
  }

  let entries: [Entry]

  /// Reads what `options` declares. What has no variable in its help is no setting but a way to ask (`--check-config`).
  init(of options: any ParsableArguments.Type = ServeOptions.self) {
    let help = try? JSONDecoder().decode(Dump.self, from: Data(options._dumpHelp().utf8))
    entries = (help?.command.arguments ?? []).compactMap { argument in
      guard argument.shouldDisplay, let name = argument.preferredName?.name,
        let abstract = argument.abstract, let start = abstract.range(of: "(\(Settings.variable(name))")
      else { return nil }
      let rest = abstract[start.upperBound...].trimmingCharacters(in: [")", " "])
      let standard =
        rest.range(of: "default").map { rest[$0.upperBound...].trimmingCharacters(in: [" ", ":"]) } ?? "none"
      return Entry(
        name: name, valueName: argument.kind == "flag" ? nil : argument.valueName ?? "value",
        purpose: abstract[..<start.lowerBound].trimmingCharacters(in: .whitespaces),
        standard: standard, section: argument.sectionTitle ?? "")
    }
  }

  /// The keys that a file may have.
  var names: [String] { entries.map(\.name) }

  /// What is to be said of variables that look like settings and are none: a misspelled limit would be no limit. Said, not refused:
  /// an environment may be shared with what else is deployed.
  func warnings(of environment: [String: String]) -> [String] {
    let known = entries.map(\.variable) + Self.otherVariables
    return environment.keys.sorted().compactMap { name in
      guard name.hasPrefix("KABAR_"), !known.contains(name), !Self.otherPrefixes.contains(where: name.hasPrefix) else {
        return nil
      }
      let nearest = known.min { EditDistance.between($0, name) < EditDistance.between($1, name) }
      return "there is no setting \(name)" + (nearest.map { "; is \($0) meant?" } ?? "")
    }
  }

  /// Variables of `kabar up`, of compose.yaml and its companions, and of the tests.
  private static let otherVariables = [
    "KABAR_DURABILITY", "KABAR_REDIS_MEMORY", "KABAR_REDIS_CONTAINER_MEMORY", "KABAR_REDIS_PUBLISH",
    "KABAR_NODE_MEMORY", "KABAR_BALANCER", "KABAR_BALANCER_WEB", "KABAR_SECRETS", "KABAR_COST_FILE",
  ]
  private static let otherPrefixes = ["KABAR_PUBLISH", "KABAR_TEST_", "KABAR_FUZZ"]

  /// The page of all settings, in Markdown.
  var page: String {
    var lines = Self.introduction
    var section: String?
    for entry in entries {
      if entry.section != section {
        section = entry.section
        lines += ["", "## \(entry.section.isEmpty ? "The node" : entry.section)", ""]
        lines += ["| option and key | variable | what it is | default |", "| --- | --- | --- | --- |"]
      }
      let value = entry.valueName.map { " \($0)" } ?? ""
      let purpose = entry.purpose.replacing("|", with: "\\|")
      lines.append("| `--\(entry.name)\(value)` | `\(entry.variable)` | \(purpose) | \(entry.standard) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let introduction = [
    "# Settings", "", "All settings of a node: `kabar serve`.", "", "## Overview", "",
    "This page is printed by `kabar config --page`. Each setting is an option, a variable and a key in the YAML file that `--config`",
    "(or `KABAR_CONFIG`) names. An option is stronger than a variable, a variable than the file, the file than the default.",
    "A key that is no setting is refused, a variable warned of. `kabar config --print` shows what comes of all three and where each value is from,",
    "`kabar serve --check-config` says whether a node would start with it. `kabar up` hands its environment to its nodes, and reads no file.",
    "Only `kabar serve` and `kabar config` read the file: for `kabar account`, `status` and the others set `KABAR_REDIS`.",
  ]

  // What the argument parser prints for --experimental-dump-help, as far as it is of use here.
  private struct Dump: Decodable {
    struct Command: Decodable { let arguments: [Argument]? }
    struct Argument: Decodable {
      struct Name: Decodable { let name: String }
      let kind: String
      let shouldDisplay: Bool
      let sectionTitle: String?
      let preferredName: Name?
      let valueName: String?
      let abstract: String?
    }
    let command: Command
  }
}
