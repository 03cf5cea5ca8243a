// Owns: which of option, variable, file and default counts, and what is said of values that can't be used.
// Must never: depend on the environment of the tests.
// Runs on: any thread.
import ArgumentParser
import Testing

@testable import kabar

@Suite struct SettingsTests {
  private func value(option: Int?, variable: String? = nil, file: String? = nil) throws -> (Int, Settings.Source?) {
    let environment = variable.map { ["KABAR_PUSH_WINDOW": $0] } ?? [:]
    let file = try file.map { try ConfigFile("k.yaml", text: $0, known: ["push-window", "port"]) }
    let settings = Settings(environment: environment, file: file)
    let value = try Settings.$current.withValue(settings) { try Settings.value(option, "push-window", default: 4) }
    return (value, settings.effective.first?.source)
  }

  @Test func `an option is stronger than a variable, a variable than the file, the file than the default`() throws {
    let file = "port: 1\npush-window: 3\n"
    #expect(try value(option: 1, variable: "2", file: file) == (1, .option))
    #expect(try value(option: nil, variable: "2", file: file) == (2, .variable("KABAR_PUSH_WINDOW")))
    #expect(try value(option: nil, file: file) == (3, .file("k.yaml", line: 2)))
    #expect(try value(option: nil, file: "port: 1") == (4, .standard))
    #expect(
      try value(option: nil, variable: "", file: file) == (3, .file("k.yaml", line: 2)), "an empty variable is none")
    #expect(
      try value(option: 1, variable: "two", file: "push-window: two") == (1, .option), "what is not used is not read")
  }

  @Test func `a value that can't be read is named with its place`() {
    #expect {
      try value(option: nil, variable: "two")
    } throws: { "\($0)".contains("KABAR_PUSH_WINDOW has a value that can't be used: 'two'") }
    #expect {
      try value(option: nil, file: "port: 1\npush-window: two")
    } throws: { "\($0)".contains("k.yaml, line 2: 'two' can't be used for push-window") }
  }

  private func refusal(_ text: String) -> String {
    do {
      let file = try ConfigFile("k.yaml", text: text, known: ["port", "push-window", "trusted-proxies"])
      return "read: \(file.entries)"
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    ("port: 1\nprot: 2", "k.yaml, line 2: there is no setting 'prot'; is 'port' meant?"),
    ("push_window: 2", "k.yaml, line 1: there is no setting 'push_window'; is 'push-window' meant?"),
    ("port: {a: 1}", "k.yaml, line 1: port takes one value"),
    ("trusted-proxies: [[1]]", "k.yaml, line 1: trusted-proxies takes one value"),
    ("- port", "k.yaml: each line is a setting: `port: 8889`"),
    ("port", "k.yaml: each line is a setting: `port: 8889`"),
  ])
  func `what a file can't say is refused in one line`(text: String, words: String) {
    #expect(refusal(text) == words)
  }

  @Test(arguments: ["port: 1\nport: 2", "port: [1", "\t\tport: 1"])
  func `what is no YAML is refused in one line`(text: String) {
    let refusal = refusal(text)
    #expect(refusal.hasPrefix("k.yaml") && !refusal.contains("\n"), "\(refusal)")
  }

  @Test func `lists, quotes, comments and empty files are read`() throws {
    let text = "# ours\ntrusted-proxies: [192.0.2.0/24, '2001:db8::/32'] # two\nport: \"8889\"\n"
    let file = try ConfigFile("k.yaml", text: text, known: ["port", "trusted-proxies"])
    #expect(file.entries["trusted-proxies"]?.value == "192.0.2.0/24,2001:db8::/32")
    #expect(file.entries["port"] == ConfigFile.Entry(value: "8889", line: 3))
    for empty in ["", "# nothing\n", "---\n"] {
      #expect(try ConfigFile("k.yaml", text: empty, known: []).entries.isEmpty, "\(empty)")
    }
  }

  @Test func `a switch is on and off in several words`() throws {
    for (text, isOn) in [("1", true), ("true", true), ("yes", true), ("0", false), ("off", false)] {
      let settings = Settings(environment: ["KABAR_NO_PLAINTEXT": text])
      #expect(try Settings.$current.withValue(settings) { try Settings.flag(false, "no-plaintext") } == isOn)
    }
    #expect(throws: ValidationError.self) {
      try Settings.$current.withValue(Settings(environment: ["KABAR_NO_PLAINTEXT": "perhaps"])) {
        try Settings.flag(false, "no-plaintext")
      }
    }
  }

  @Test func `words are compared letter by letter`() {
    #expect(EditDistance.between("port", "prot") == 2)
    #expect(EditDistance.between("", "port") == 4 && EditDistance.between("port", "") == 4)
    #expect(EditDistance.between("push_window", "push-window") == 1)
  }
}
