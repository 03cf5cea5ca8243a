// Settings from the environment: every option of a long-running command also has a KABAR_… variable.
// Never stronger than the command line.
// Used while the command line is read, on the main thread.

import ArgumentParser
import Foundation

/// `flag ?? KABAR_… ?? default`, with a clear refusal of a variable that can't be read.
enum Environment {
  /// The value of a setting.
  static func value<Value: ExpressibleByArgument>(
    _ flag: Value?, _ variable: String, default fallback: @autoclosure () -> Value
  ) throws -> Value {
    try flag ?? optional(variable) ?? fallback()
  }

  /// The value of a setting that may be missing.
  static func optional<Value: ExpressibleByArgument>(_ variable: String) throws -> Value? {
    guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else { return nil }
    guard let value = Value(argument: text) else {
      throw ValidationError("\(variable) has a value that can't be used: '\(text)'")
    }
    return value
  }

  /// A number within bounds: the option, else the variable of the same name (`--some-option`: `KABAR_SOME_OPTION`), else
  /// the default. An error names the option.
  static func number(
    _ flag: Int?, _ option: String, _ standard: Int, _ range: ClosedRange<Int>
  ) throws -> Int {
    let variable = "KABAR_" + option.uppercased().replacing("-", with: "_")
    let value = try value(flag, variable, default: standard)
    guard range.contains(value) else {
      throw ValidationError("--\(option) is a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
