// A failure that the person at the terminal reads: one line, exit code 1, or 2 where 1 has another meaning.
// Never holds a secret or a stack of causes.
// A value; whoever ends a command tells it.

import ArgumentParser
import Foundation

/// Printed as `Error: …` by the argument parser.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Says on standard error that something could not be done, and why. With this the command ends: 2, because of `status`, `explain` and
  /// `check` 1 means that Redis was asked and something is to be said of what it holds.
  func told(_ undone: String) -> ExitCode {
    FileHandle.standardError.write(Data("Error: \(undone): \(description)\n".utf8))
    return ExitCode(2)
  }
}
