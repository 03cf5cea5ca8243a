// Owns: what an operator sees of the settings: the page of all, the effective ones, a check before the start.
// Must never: depend on the environment of the tests: programs get one of their own.
// Runs on: any thread.
import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import kabar

@Suite struct ConfigCommandTests {
  @Test func `the page in the documentation holds every setting`() throws {
    let catalogue = SettingsCatalogue()
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/kabar/Kabar.docc/Settings.md")
    #expect(try String(contentsOf: page, encoding: .utf8) == catalogue.page, "kabar config --page > \(page.path)")
  }

  @Test func `every option of a node is a setting, and every setting is asked for`() throws {
    let help = ServeOptions.helpMessage(includeHidden: false, columns: 400)
    let options = help.matches(of: /(?m)^  --([a-z0-9-]+)/).map { String($0.output.1) }
    let names = SettingsCatalogue().names
    #expect(Set(options).subtracting(["help", "version"]) == Set(names))
    #expect(names.count > 40)
    let asked = try ServeOptions.parse([]).resolved().effective.map(\.name)
    #expect(Set(asked) == Set(names))
  }

  private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> (status: Int32, text: String)
  {
    let folder = try TestFolder()
    let process = try TestProcess(kabarProgram, arguments, environment: environment, output: "\(folder.path)/out")
    return (process.waitUntilExit(), process.text)
  }

  @Test func `config --print tells each value and its source, and is itself a file with the same values`() throws {
    let folder = try TestFolder()
    let file = "\(folder.path)/kabar.yaml"
    try "port: 9000\ntrusted-proxies: [192.0.2.0/24]\ncrowd: 7\n".write(toFile: file, atomically: true, encoding: .utf8)
    let environment = ["KABAR_CROWD": "8", "KABAR_REDIS": "redis://kabar:s3cr3t@192.0.2.7:6379", "KABAR_NODE": "n"]
    let first = try run(["config", "--print", "--config", file, "--idle-timeout", "77"], environment)
    #expect(first.status == 0, "\(first.text)")
    let lines = first.text.split(separator: "\n").map { String($0.replacing(/\ +/, with: " ")) }
    for line in [
      "port: 9000 # \(file) line 1", "trusted-proxies: 192.0.2.0/24 # \(file) line 2", "crowd: 8 # KABAR_CROWD",
      "idle-timeout: 77 # option", "line-timeout: 30 # default", "# tls-port: # default",
    ] { #expect(lines.contains(line), "\(line) in \(first.text)") }
    #expect(!first.text.contains("s3cr3t") && first.text.contains("192.0.2.7:6379"))

    let copy = "\(folder.path)/copy.yaml"
    try first.text.write(toFile: copy, atomically: true, encoding: .utf8)
    let second = try run(["config", "--config", copy])
    func values(_ text: String) -> [String] {
      let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      return lines.map { $0.split(separator: "  #")[0].trimmingCharacters(in: .whitespaces) }
    }
    #expect(second.status == 0 && values(second.text) == values(first.text), "\(second.text)")
  }

  @Test func `a check reads everything, and starts nothing`() throws {
    let folder = try TestFolder()
    let file = "\(folder.path)/kabar.yaml"
    try "prot: 9000\n".write(toFile: file, atomically: true, encoding: .utf8)
    let good = try run(["serve", "--check-config", "--redis", "redis://192.0.2.1:1"])
    #expect(good == (0, "the settings of this node can be used\n"))
    let wrongKey = try run(["serve", "--check-config"], ["KABAR_CONFIG": file])
    #expect(wrongKey == (1, "Error: \(file), line 1: there is no setting 'prot'; is 'port' meant?\n"))
    let wrongVariable = try run(
      ["serve", "--check-config"], ["KABAR_COMAND_RATE": "5", "KABAR_PUBLISH_WEB": "1", "KABAR_CROWD": "7"])
    #expect(wrongVariable.status == 0)
    let said = wrongVariable.text
    #expect(said.contains("there is no setting KABAR_COMAND_RATE; is KABAR_COMMAND_RATE meant?"), "\(said)")
    #expect(said.contains("the settings of this node can be used") && said.count { $0 == "\n" } == 2, "\(said)")
    let unlimited = try run(["serve", "--check-config", "--limits", "off"])
    #expect(unlimited.status == 0 && unlimited.text.contains("limits are off"), "what a start would warn of, too")
    let printed = try run(["config", "--print"], ["KABAR_PROT": "1"])
    #expect(printed.status == 0 && printed.text.contains("no setting KABAR_PROT; is KABAR_PORT meant?"))
    for (options, reason) in [
      (["--http-port", "0", "--http-port-file", "/tmp/port"], "--http-port 0 says that there is none"),
      (["--port", "8900", "--http-port", "8900"], "--http-port must be another port"),
      (["--web-port", "8900", "--http-port", "8900"], "are one port"),
    ] {
      let refused = try run(["serve", "--check-config"] + options)
      #expect(refused.status != 0 && refused.text.contains(reason), "\(refused.text)")
    }
    let noFile = try run(["serve", "--check-config", "--config", "\(folder.path)/none"])
    #expect(noFile == (1, "Error: the configuration \(folder.path)/none can't be read: No such file or directory\n"))
    let noCertificate = try run([
      "serve", "--check-config", "--tls-port", "1", "--tls-cert", "/none", "--tls-key", "/none",
    ])
    #expect(noCertificate.status == 1 && noCertificate.text.contains("/none"), "\(noCertificate.text)")
  }
}
