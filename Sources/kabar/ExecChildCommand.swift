// Owns: the hidden step between `kabar up` and each of its children.
// Must never: be run by a person.
// Runs on: the main thread.
import ArgumentParser
import Supervisor

struct ExecChildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec-child", abstract: "Run PROGRAM, to be ended when the process PID ends.", shouldDisplay: false)

  @Option(help: "The process that started this one.")
  var parent: Int32

  @Argument(parsing: .postTerminator, help: "The program and its arguments.")
  var command: [String]

  func run() throws { ParentBoundExec.run(parent: parent, command: command) }
}
