// Owns: waiting for something to become true.
// Must never: be a fixed sleep: a passing test does not wait for its bound.
// Runs on: any task.

import Foundation

/// How many times longer than usual a test waits for what must come: `KABAR_TEST_PATIENCE`, set for programs that a sanitizer slows down.
/// What must not take long is not stretched.
public let patience = ProcessInfo.processInfo.environment["KABAR_TEST_PATIENCE"].flatMap { Int($0) } ?? 1

/// Asks every 20 ms until `condition` holds; `false` after `seconds` (times `patience`).
public func eventually(within seconds: Double = 30, _ condition: () async throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds * Double(patience))
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try await condition()
}

/// A failure of the test's own machinery.
public struct TestFailure: Error, CustomStringConvertible {
  /// What went wrong.
  public let description: String

  /// A failure in words.
  public init(_ description: String) { self.description = description }
}
