// Where the value of a setting comes from: an option, a variable, the file, or what is usual; and what it has become.
// Never asks two places for a value that a stronger one has: what is not used is not read.
// Used while the command line is read, on the main thread; any thread may.

import ArgumentParser
import Foundation
import Synchronization

/// The layers under the options of a command. Every option `--some-name` of a long-running command is also the variable
/// `KABAR_SOME_NAME` and the key `some-name` of the file that `--config` names; the option is stronger than the variable, the variable
/// than the file, the file than the default.
final class Settings: Sendable {
  /// Where a value came from.
  enum Source: Sendable, Equatable, CustomStringConvertible {
    case option
    case variable(String)
    case file(String, line: Int)
    case standard

    var description: String {
      switch self {
      case .option: "option"
      case .variable(let name): name
      case .file(let path, let line): "\(path) line \(line)"
      case .standard: "default"
      }
    }
  }

  /// What a setting has become.
  struct Effective: Sendable, Equatable {
    let name: String
    /// As it would stand in the file; `nil`: there is none.
    var value: String?
    let source: Source
  }

  /// Those of the command that is being read. A task-local value, because options are read in a dozen structures whose initialisers are
  /// the argument parser's.
  @TaskLocal static var current = Settings(environment: ProcessInfo.processInfo.environment)

  private let environment: [String: String]
  private let file: ConfigFile?
  private let record = Mutex<[Effective]>([])

  /// Reads variables, and then the file, if there is one.
  init(environment: [String: String], file: ConfigFile? = nil) {
    (self.environment, self.file) = (environment, file)
  }

  /// What has been asked for so far, in the order of the first questions.
  var effective: [Effective] { record.withLock { $0 } }

  // MARK: Questions

  /// The value of a setting; `option` is what the command line says of it.
  static func value<Value: ExpressibleByArgument>(
    _ option: Value?, _ name: String, default standard: @autoclosure () -> Value
  ) throws -> Value {
    try current.find(option, name) ?? current.note(name, standard(), .standard)
  }

  /// The value of a setting that may be missing.
  static func optional<Value: ExpressibleByArgument>(_ option: Value?, _ name: String) throws -> Value? {
    if let found = try current.find(option, name) { return found }
    current.note(Effective(name: name, value: nil, source: .standard))
    return nil
  }

  /// A number within bounds. An error names the option.
  static func number(_ option: Int?, _ name: String, _ standard: Int, _ range: ClosedRange<Int>) throws -> Int {
    let value = try value(option, name, default: standard)
    guard range.contains(value) else {
      throw ValidationError("--\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A switch, which is on if anything says so.
  static func flag(_ option: Bool, _ name: String) throws -> Bool {
    let text = try optional(option ? "true" : nil, name) ?? "false"
    switch text {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default: throw ValidationError("--\(name) is true or false, not '\(text)'")
    }
  }

  /// What is shown of a setting that holds a secret.
  static func conceal(_ name: String, as text: String) {
    current.record.withLock { record in
      for index in record.indices where record[index].name == name { record[index].value = text }
    }
  }

  /// The variable of a setting.
  static func variable(_ name: String) -> String { "KABAR_" + name.uppercased().replacing("-", with: "_") }

  // MARK: Layers

  private func find<Value: ExpressibleByArgument>(_ option: Value?, _ name: String) throws -> Value? {
    if let option { return note(name, option, .option) }
    let variable = Self.variable(name)
    if let text = environment[variable], !text.isEmpty {
      guard let value = Value(argument: text) else {
        throw ValidationError("\(variable) has a value that can't be used: '\(text)'")
      }
      return note(name, value, .variable(variable))
    }
    guard let file, let entry = file.entries[name] else { return nil }
    guard let value = Value(argument: entry.value) else {
      throw ValidationError("\(file.path), line \(entry.line): '\(entry.value)' can't be used for \(name)")
    }
    return note(name, value, .file(file.path, line: entry.line))
  }

  private func note<Value: ExpressibleByArgument>(_ name: String, _ value: Value, _ source: Source) -> Value {
    let text = (value as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\(value)"
    note(Effective(name: name, value: text.isEmpty ? nil : text, source: source))
    return value
  }

  private func note(_ setting: Effective) {
    record.withLock { record in
      if !record.contains(where: { $0.name == setting.name }) { record.append(setting) }
    }
  }
}
