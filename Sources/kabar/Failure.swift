// A failure that the person at the terminal reads: one line, exit code 1.
// Never holds a secret or a stack of causes.
// Pure value; any thread.

/// Printed as `Error: …` by the argument parser.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
